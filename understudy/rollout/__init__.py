"""Rollout: phases with gates, where the capabilities meet."""

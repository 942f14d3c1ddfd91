"""Feature flags: a pure evaluation whose answer carries its reason."""

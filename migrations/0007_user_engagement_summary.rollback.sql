DROP MATERIALIZED VIEW public.user_engagement_summary;

DROP TABLE public.security_audit_logs;
DROP TABLE public.analytics_events;

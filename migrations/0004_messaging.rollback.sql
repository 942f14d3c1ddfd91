DROP TABLE public.delivery_analytics;
DROP TABLE public.message_deliveries;
DROP TABLE public.onboarding_message_deliveries;
DROP TYPE public.delivery_status;

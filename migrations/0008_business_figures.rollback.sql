DROP VIEW public.business_figures;
DROP VIEW public.activity_figures;
DROP VIEW public.user_activity;
DROP VIEW public.onboarding_completion;
DROP VIEW public.onboarding_funnel;

DROP TABLE public.superior_onboarding_states;

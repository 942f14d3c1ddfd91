DROP TABLE public.user_feature_flags;
DROP TABLE public.feature_flags;

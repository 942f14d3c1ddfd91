DROP TABLE public.users;
DROP FUNCTION public.set_updated_at();

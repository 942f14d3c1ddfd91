DROP TABLE public.plan_tasks;
DROP TABLE public.action_plans;

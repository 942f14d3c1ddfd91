-- One line per user for the dashboards, refreshed every night: REFRESH MATERIALIZED VIEW CONCURRENTLY.

CREATE MATERIALIZED VIEW public.user_engagement_summary AS
WITH as_of AS (
    -- the newest activity stands for "now": a copy made later shows the same figures
    SELECT max(occurred_at) AS instant FROM public.analytics_events WHERE user_id IS NOT NULL
),
events AS (
    SELECT e.user_id,
           count(*) AS events,
           count(*) FILTER (WHERE e.occurred_at > a.instant - interval '720 hours') AS events_30d,
           min(e.occurred_at) AS first_event_at,
           max(e.occurred_at) AS last_event_at
    FROM public.analytics_events AS e CROSS JOIN as_of AS a
    WHERE e.user_id IS NOT NULL
    GROUP BY e.user_id
),
messages AS (
    SELECT m.user_id,
           count(*) FILTER (WHERE m.status = 'delivered') AS messages_delivered,
           count(*) FILTER (WHERE d.opens > 0) AS messages_opened
    FROM public.message_deliveries AS m LEFT JOIN public.delivery_analytics AS d ON d.message_delivery_id = m.id
    GROUP BY m.user_id
),
tasks AS (
    SELECT p.user_id, count(*) AS tasks, count(t.completed_at) AS tasks_done
    FROM public.action_plans AS p JOIN public.plan_tasks AS t ON t.action_plan_id = p.id
    GROUP BY p.user_id
)
SELECT u.id AS user_id,
       u.tier,
       coalesce(e.events, 0) AS events,
       coalesce(e.events_30d, 0) AS events_30d,
       e.first_event_at,
       e.last_event_at,
       coalesce(m.messages_delivered, 0) AS messages_delivered,
       coalesce(m.messages_opened, 0) AS messages_opened,
       coalesce(t.tasks, 0) AS tasks,
       coalesce(t.tasks_done, 0) AS tasks_done
FROM public.users AS u
    LEFT JOIN events AS e ON e.user_id = u.id
    LEFT JOIN messages AS m ON m.user_id = u.id
    LEFT JOIN tasks AS t ON t.user_id = u.id;

-- REFRESH ... CONCURRENTLY needs a unique index
CREATE UNIQUE INDEX user_engagement_summary_user_id_key ON public.user_engagement_summary (user_id);
CREATE INDEX user_engagement_summary_events_idx ON public.user_engagement_summary (events DESC);

COMMENT ON MATERIALIZED VIEW public.user_engagement_summary IS 'What each user did, in counts. As of its last refresh; the business figures do not read it.';
COMMENT ON COLUMN public.user_engagement_summary.events_30d IS 'Events of the 30 days up to the newest activity of anybody.';
COMMENT ON COLUMN public.user_engagement_summary.messages_opened IS 'Messages opened at least once, those of the onboarding left out.';

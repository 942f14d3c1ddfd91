-- The figures that the business steers by. docs/adr/0002-business-figures.md says why they are defined so.
--
-- Percentages and hours have two decimals and are null, not zero, where there is nothing to divide by.
-- Nothing here reads the clock: "now" is the newest activity in the data, so that a copy shows the same figures.
-- 30 days are written as 720 hours: a day's length depends on the session's time zone, an hour's does not.

CREATE VIEW public.onboarding_funnel AS
WITH reached AS (
    SELECT count(*) AS started,
           count(profile_at) AS profile,
           count(channel_at) AS channel,
           count(plan_at) AS plan,
           count(first_task_at) AS first_task
    FROM public.superior_onboarding_states
)
SELECT s.step,
       s.name,
       s.entered,
       s.finished,
       round(100.0 * s.finished / nullif(s.entered, 0), 2) AS conversion_percent,
       round(100.0 * s.finished / nullif(u.users, 0), 2) AS percent_of_users
FROM reached AS r
    CROSS JOIN (SELECT count(*) AS users FROM public.users) AS u
    CROSS JOIN LATERAL (
        VALUES (1, 'profile', r.started, r.profile),
               (2, 'channel', r.profile, r.channel),
               (3, 'plan', r.channel, r.plan),
               (4, 'first task', r.plan, r.first_task)
    ) AS s (step, name, entered, finished);

COMMENT ON VIEW public.onboarding_funnel IS 'The four steps of the onboarding in order: who entered each, who finished it. Always four rows.';
COMMENT ON COLUMN public.onboarding_funnel.entered IS 'Users who finished the step before; for step 1, who began the onboarding.';
COMMENT ON COLUMN public.onboarding_funnel.conversion_percent IS 'finished / entered.';
COMMENT ON COLUMN public.onboarding_funnel.percent_of_users IS 'finished / all users; for step 4 this is the onboarding conversion.';

CREATE VIEW public.onboarding_completion AS
WITH runs AS (
    SELECT first_task_at - started_at AS took FROM public.superior_onboarding_states
)
SELECT u.users,
       r.started,
       r.completed,
       r.completed_within_24h,
       round(100.0 * r.completed / nullif(u.users, 0), 2) AS conversion_percent,
       round(100.0 * r.completed / nullif(r.started, 0), 2) AS completion_percent,
       round(100.0 * r.completed_within_24h / nullif(r.completed, 0), 2) AS within_24h_percent,
       r.hours,
       round(r.hours / nullif(r.completed, 0), 2) AS average_hours
FROM (
        SELECT count(*) AS started,
               count(took) AS completed,
               count(*) FILTER (WHERE took <= interval '24 hours') AS completed_within_24h,
               coalesce(sum(extract(epoch FROM took)), 0) / 3600 AS hours
        FROM runs
    ) AS r
    CROSS JOIN (SELECT count(*) AS users FROM public.users) AS u;

COMMENT ON VIEW public.onboarding_completion IS 'The onboarding as a whole. Always one row.';
COMMENT ON COLUMN public.onboarding_completion.conversion_percent IS 'Users who finished all four steps / all users.';
COMMENT ON COLUMN public.onboarding_completion.completion_percent IS 'Users who finished all four steps / users who began.';
COMMENT ON COLUMN public.onboarding_completion.within_24h_percent IS 'Of those who finished, the share who did so at most 24 hours after they began.';
COMMENT ON COLUMN public.onboarding_completion.hours IS 'From begin to end, in hours, summed over those who finished.';
COMMENT ON COLUMN public.onboarding_completion.average_hours IS 'hours / completed.';

CREATE VIEW public.user_activity AS
WITH as_of AS (
    SELECT max(occurred_at) AS instant FROM public.analytics_events WHERE user_id IS NOT NULL
),
counted AS (
    SELECT user_id, count(*) AS events, max(occurred_at) AS last_event_at
    FROM public.analytics_events
    WHERE user_id IS NOT NULL
    GROUP BY user_id
),
everybody AS (
    SELECT u.id AS user_id, coalesce(c.events, 0) AS events, c.last_event_at
    FROM public.users AS u LEFT JOIN counted AS c ON c.user_id = u.id
)
SELECT e.user_id,
       e.events,
       e.last_event_at,
       a.instant AS as_of,
       coalesce(e.last_event_at <= a.instant - interval '720 hours', true) AS inactive,
       e.events > 0 AND e.events >= 2 * avg(e.events) OVER () AS power_user
FROM everybody AS e CROSS JOIN as_of AS a;

COMMENT ON VIEW public.user_activity IS 'One row per user: how much they did, and whether that makes them inactive or a power user.';
COMMENT ON COLUMN public.user_activity.events IS 'Rows of analytics_events, all that are kept.';
COMMENT ON COLUMN public.user_activity.as_of IS 'The newest activity of anybody, which stands for "now".';
COMMENT ON COLUMN public.user_activity.inactive IS 'No event in the 30 days (720 hours) up to as_of.';
COMMENT ON COLUMN public.user_activity.power_user IS 'At least twice the events of the average user, all users counted.';

CREATE VIEW public.activity_figures AS
SELECT a.as_of,
       a.users,
       a.inactive_users,
       a.power_users,
       a.events,
       a.power_user_events,
       round(100.0 * a.inactive_users / nullif(a.users, 0), 2) AS inactive_percent,
       round(100.0 * a.power_users / nullif(a.users, 0), 2) AS power_users_percent,
       round(100.0 * a.power_user_events / nullif(a.events, 0), 2) AS power_user_activity_percent
FROM (
    SELECT max(as_of) AS as_of,
           count(*) AS users,
           count(*) FILTER (WHERE inactive) AS inactive_users,
           count(*) FILTER (WHERE power_user) AS power_users,
           coalesce(sum(events), 0)::bigint AS events,
           coalesce(sum(events) FILTER (WHERE power_user), 0)::bigint AS power_user_events
    FROM public.user_activity
) AS a;

COMMENT ON VIEW public.activity_figures IS 'Inactivity and power users. Always one row.';
COMMENT ON COLUMN public.activity_figures.inactive_percent IS 'Users with no event in the 30 days up to as_of / all users.';
COMMENT ON COLUMN public.activity_figures.power_users_percent IS 'Users with at least twice the events of the average user / all users.';
COMMENT ON COLUMN public.activity_figures.power_user_activity_percent IS 'Events of power users / events of all users.';

CREATE VIEW public.business_figures AS
SELECT f.position, f.name, f.part, f.whole, f.value, f.unit
FROM public.onboarding_completion AS o
    CROSS JOIN public.activity_figures AS a
    CROSS JOIN LATERAL (
        VALUES (1, 'onboarding conversion', o.completed::numeric, o.users, o.conversion_percent, '%'),
               (2, 'onboarding completion', o.completed, o.started, o.completion_percent, '%'),
               (3, 'completed within 24 h', o.completed_within_24h, o.completed, o.within_24h_percent, '%'),
               (4, 'average completion time', o.hours, o.completed, o.average_hours, 'h'),
               (5, 'inactive users', a.inactive_users, a.users, a.inactive_percent, '%'),
               (6, 'power users', a.power_users, a.users, a.power_users_percent, '%'),
               (7, 'activity of power users', a.power_user_events, a.events, a.power_user_activity_percent, '%')
    ) AS f (position, name, part, whole, value, unit);

COMMENT ON VIEW public.business_figures IS 'All figures, one a row, each with the counts it is made of: value = part / whole. Always seven rows.';
COMMENT ON COLUMN public.business_figures.part IS 'What is counted (or summed, in the unit).';
COMMENT ON COLUMN public.business_figures.whole IS 'Out of how many.';
COMMENT ON COLUMN public.business_figures.value IS 'part / whole, in the unit; null where whole is zero.';

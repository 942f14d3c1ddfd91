-- What the application sends, with $1 for parameters: `understudy migrate verify` prepares each before and after each
-- migration, and only one that says `-- phase: contract` may break any. test_recorded_queries.py says what is missing.

-- flags: read
SELECT id, name, description, enabled, rollout_percentage, allowed_tiers, allowed_user_ids, created_at, updated_at
  FROM feature_flags ORDER BY name;
SELECT id, name, description, enabled, rollout_percentage, allowed_tiers, allowed_user_ids, created_at, updated_at
  FROM feature_flags WHERE name = $1;
SELECT enabled, enabled_at, disabled_at FROM user_feature_flags WHERE feature_flag_id = $1;
SELECT u.id, u.tier, o.user_id, o.enabled, o.enabled_at, o.disabled_at
  FROM users u LEFT JOIN user_feature_flags o ON o.user_id = u.id AND o.feature_flag_id = $1;
SELECT u.id, u.tier, o.user_id, o.enabled, o.enabled_at, o.disabled_at
  FROM users u LEFT JOIN user_feature_flags o ON o.user_id = u.id AND o.feature_flag_id = $1 WHERE u.id = $2;

-- flags: changed
INSERT INTO feature_flags (name, description, enabled, rollout_percentage, allowed_tiers, allowed_user_ids)
  VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING;
UPDATE feature_flags SET enabled = $1, updated_at = now() WHERE name = $2;
UPDATE feature_flags SET rollout_percentage = $1, updated_at = now() WHERE name = $2;
UPDATE feature_flags SET allowed_tiers = $1, updated_at = now() WHERE name = $2;
INSERT INTO user_feature_flags AS o (user_id, feature_flag_id, enabled, enabled_at)
  SELECT $1, id, $2, clock_timestamp() FROM feature_flags WHERE name = $3
  ON CONFLICT (user_id, feature_flag_id) DO UPDATE SET enabled = excluded.enabled,
  enabled_at = greatest(excluded.enabled_at, o.disabled_at + interval '1 microsecond');
INSERT INTO user_feature_flags AS o (user_id, feature_flag_id, enabled, disabled_at)
  SELECT $1, id, $2, clock_timestamp() FROM feature_flags WHERE name = $3
  ON CONFLICT (user_id, feature_flag_id) DO UPDATE SET enabled = excluded.enabled,
  disabled_at = greatest(excluded.disabled_at, o.enabled_at + interval '1 microsecond');
DELETE FROM user_feature_flags WHERE user_id = $1 AND feature_flag_id = $2;

-- figures, which the demo's report shows
SELECT name, part, whole, value, unit FROM public.business_figures ORDER BY position;
SELECT step, name, entered, finished, conversion_percent, percent_of_users FROM public.onboarding_funnel ORDER BY step;

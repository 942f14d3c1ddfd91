CREATE FUNCTION c1(bigint) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb($1)';
CREATE FUNCTION c2(bigint) RETURNS jsonb LANGUAGE sql AS 'SELECT to_jsonb($1)';
CREATE CAST (bigint AS jsonb) WITH FUNCTION c1;

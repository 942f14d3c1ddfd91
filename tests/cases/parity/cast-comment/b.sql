CREATE CAST (bigint AS jsonb) WITH INOUT;
COMMENT ON CAST (bigint AS jsonb) IS 'x';

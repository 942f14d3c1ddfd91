CREATE TYPE ty AS (a int, b text);
COMMENT ON COLUMN ty.b IS 'x';

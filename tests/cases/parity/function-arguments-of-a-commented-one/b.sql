CREATE FUNCTION f(z int, b text DEFAULT 'x, y', OUT c int) LANGUAGE sql AS 'SELECT 1';
COMMENT ON FUNCTION f(int, text) IS 'x';

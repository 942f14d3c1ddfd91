CREATE FUNCTION f(int) RETURNS int LANGUAGE sql SUPPORT generate_series_int4_support AS 'SELECT 1';

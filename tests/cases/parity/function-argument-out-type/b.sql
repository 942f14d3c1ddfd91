CREATE FUNCTION f(OUT a int, OUT b bigint) LANGUAGE sql AS 'SELECT NULL::int, NULL::int';

SET check_function_bodies = off;
CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';

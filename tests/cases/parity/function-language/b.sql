SET check_function_bodies = off;
CREATE FUNCTION f(int) RETURNS int LANGUAGE plpgsql AS 'SELECT 1';

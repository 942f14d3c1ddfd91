CREATE FUNCTION f(int) RETURNS int LANGUAGE sql SET custom.most = 'off' AS 'SELECT 1';

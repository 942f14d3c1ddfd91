CREATE FUNCTION f(int) RETURNS int LANGUAGE sql SET custom.most = 'false' AS 'SELECT 1';

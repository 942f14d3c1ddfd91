CREATE FUNCTION f(int) RETURNS int LANGUAGE internal WINDOW AS 'window_lag';

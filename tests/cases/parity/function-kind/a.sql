CREATE FUNCTION f(int) RETURNS int LANGUAGE internal AS 'window_lag';

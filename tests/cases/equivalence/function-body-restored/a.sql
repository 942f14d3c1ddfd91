CREATE FUNCTION f(a varchar) RETURNS boolean LANGUAGE sql RETURN a IN ('p', 'q');

CREATE FUNCTION f(a varchar DEFAULT 'x', b boolean DEFAULT 'y'::varchar IN ('p', 'q')) RETURNS int LANGUAGE sql AS 'SELECT 1';

CREATE FUNCTION f(a varchar) RETURNS boolean LANGUAGE sql RETURN ((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[]));

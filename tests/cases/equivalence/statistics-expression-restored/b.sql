CREATE TABLE t (a varchar(5), b int);
CREATE STATISTICS s ON b, ((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[])) FROM t;

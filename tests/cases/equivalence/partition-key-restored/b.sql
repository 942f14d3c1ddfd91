CREATE TABLE t (a varchar(5)) PARTITION BY LIST ((((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[]))));

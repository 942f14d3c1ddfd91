CREATE TABLE t (a varchar(5), r int4range, CONSTRAINT x EXCLUDE USING gist (r WITH &&) WHERE (((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[]))));

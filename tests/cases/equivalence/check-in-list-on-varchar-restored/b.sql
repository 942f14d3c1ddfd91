CREATE TABLE t (s varchar(9), CONSTRAINT c CHECK (((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))));

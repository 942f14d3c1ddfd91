CREATE TABLE t (s varchar(9));
CREATE INDEX i ON t (s) WHERE ((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]));

CREATE TABLE t (s varchar(9));
CREATE VIEW v AS SELECT s FROM t WHERE ((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]));

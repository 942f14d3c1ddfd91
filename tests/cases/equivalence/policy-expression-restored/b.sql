CREATE TABLE t (s varchar(9));
CREATE POLICY p ON t USING ((s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]));

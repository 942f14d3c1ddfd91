CREATE TABLE t (a varchar(5), b boolean GENERATED ALWAYS AS (((a)::text = ANY (ARRAY[('x'::character varying)::text, ('y'::character varying)::text]))));

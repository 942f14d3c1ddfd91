CREATE DOMAIN d AS varchar(9) CONSTRAINT c CHECK (((VALUE)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])));

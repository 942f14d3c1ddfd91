CREATE TABLE t (a varchar(5));
CREATE INDEX i ON t (((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[])), lower((a)::text)) WHERE ((a)::text <> ALL ((ARRAY['x'::character varying, 'y'::character varying])::text[]));

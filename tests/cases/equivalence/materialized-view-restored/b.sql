CREATE TABLE t (a varchar(5));
CREATE MATERIALIZED VIEW v AS SELECT ((a)::text = ANY ((ARRAY['p'::character varying, 'q'::character varying])::text[])) AS z FROM t WITH NO DATA;

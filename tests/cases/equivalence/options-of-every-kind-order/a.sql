CREATE TABLE t (a int, b text) WITH (fillfactor=70, autovacuum_enabled=false, toast.autovacuum_enabled=false, toast.vacuum_truncate=false);
CREATE VIEW v WITH (security_barrier=true, check_option=local) AS SELECT a FROM t WHERE a > 1;
CREATE MATERIALIZED VIEW m WITH (fillfactor=60, autovacuum_enabled=false) AS SELECT a FROM t;
CREATE INDEX i ON t USING gist (to_tsvector('simple', b) tsvector_ops(siglen=100)) WITH (fillfactor=60, buffering=on);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) WITH (fillfactor=60, deduplicate_items=off);

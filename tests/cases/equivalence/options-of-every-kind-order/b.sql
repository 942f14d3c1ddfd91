CREATE TABLE t (a int, b text) WITH (toast.vacuum_truncate=false, autovacuum_enabled=false, toast.autovacuum_enabled=false, fillfactor=70);
CREATE VIEW v WITH (check_option=local, security_barrier=true) AS SELECT a FROM t WHERE a > 1;
CREATE MATERIALIZED VIEW m WITH (autovacuum_enabled=false, fillfactor=60) AS SELECT a FROM t;
CREATE INDEX i ON t USING gist (to_tsvector('simple', b) tsvector_ops(siglen=100)) WITH (buffering=on, fillfactor=60);
ALTER TABLE t ADD CONSTRAINT u UNIQUE (a) WITH (deduplicate_items=off, fillfactor=60);

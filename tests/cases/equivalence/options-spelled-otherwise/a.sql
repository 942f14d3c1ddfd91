CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = off, toast.autovacuum_enabled = no, autovacuum_vacuum_scale_factor = 0.10, vacuum_index_cleanup = 'AUTO');
CREATE VIEW v WITH (security_barrier = on) AS SELECT a FROM t;
CREATE INDEX i ON t (a) WITH (deduplicate_items = 0, fillfactor = '70');
CREATE INDEX g ON t USING gin (to_tsvector('simple', b)) WITH (fastupdate = f);

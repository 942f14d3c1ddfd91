CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = false, toast.autovacuum_enabled = 0, autovacuum_vacuum_scale_factor = .1, vacuum_index_cleanup = auto);
CREATE VIEW v WITH (security_barrier) AS SELECT a FROM t;
CREATE INDEX i ON t (a) WITH (deduplicate_items = off, fillfactor = 70);
CREATE INDEX g ON t USING gin (to_tsvector('simple', b)) WITH (fastupdate = off);

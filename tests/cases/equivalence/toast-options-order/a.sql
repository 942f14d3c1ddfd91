CREATE TABLE t (n text) WITH (toast.autovacuum_enabled = false, toast.vacuum_truncate = false);

CREATE TABLE t (n text) WITH (toast.vacuum_truncate = false, toast.autovacuum_enabled = false);

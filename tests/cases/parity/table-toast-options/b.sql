CREATE TABLE t (id int, name text);
ALTER TABLE t SET (toast.autovacuum_enabled = false);

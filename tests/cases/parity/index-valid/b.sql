CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'i'::regclass;

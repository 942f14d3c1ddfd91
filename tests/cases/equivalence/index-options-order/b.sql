CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id) WITH (deduplicate_items = off, fillfactor = 70);

CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id) WITH (fillfactor = 70, deduplicate_items = off);

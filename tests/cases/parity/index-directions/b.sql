CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id DESC);

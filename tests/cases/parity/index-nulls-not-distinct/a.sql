CREATE TABLE t (id int, name text);
CREATE UNIQUE INDEX i ON t (id);

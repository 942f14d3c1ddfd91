CREATE TABLE t (id int, name text);
CREATE TABLE t2 (id int, name text);
CREATE INDEX i ON t2 (id);

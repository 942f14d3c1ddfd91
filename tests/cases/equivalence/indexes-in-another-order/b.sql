CREATE TABLE t (id int, name text);
CREATE INDEX j ON t (name);
CREATE INDEX i ON t (id);

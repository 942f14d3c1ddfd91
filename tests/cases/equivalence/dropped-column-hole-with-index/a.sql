CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (name);
CREATE VIEW v AS SELECT name FROM t;

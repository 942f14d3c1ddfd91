CREATE TABLE t (id int, name text);
CREATE VIEW v AS SELECT name AS label FROM t;

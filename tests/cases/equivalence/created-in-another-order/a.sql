CREATE TABLE t (id int, name text);
CREATE TABLE u (id int);
CREATE VIEW v AS SELECT 1 AS a;

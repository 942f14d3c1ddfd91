CREATE VIEW v AS SELECT 1 AS a;
CREATE TABLE u (id int);
CREATE TABLE t (id int, name text);

CREATE TABLE t (id int, name text);
CREATE STATISTICS x ON (id + 1) FROM t;

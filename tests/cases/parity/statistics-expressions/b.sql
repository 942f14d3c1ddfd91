CREATE TABLE t (id int, name text);
CREATE STATISTICS x ON (id + 2) FROM t;

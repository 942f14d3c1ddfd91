CREATE TABLE t (id int, name text, n int);
CREATE STATISTICS x ON id, n FROM t;

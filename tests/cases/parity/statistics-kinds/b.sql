CREATE TABLE t (id int, name text);
CREATE STATISTICS x (mcv) ON id, name FROM t;

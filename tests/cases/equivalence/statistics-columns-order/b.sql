CREATE TABLE t (id int, name text);
CREATE STATISTICS x ON name, id FROM t;

CREATE TABLE t (id int, name text);
CREATE PUBLICATION p;

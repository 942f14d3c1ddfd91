CREATE TABLE t (id int, name text);
CREATE PUBLICATION p FOR TABLE t (id, name);

CREATE TABLE t (id int, name text) PARTITION BY HASH (id);

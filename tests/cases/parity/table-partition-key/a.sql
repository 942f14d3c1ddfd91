CREATE TABLE t (id int, name text) PARTITION BY RANGE (id);

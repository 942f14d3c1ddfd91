CREATE TABLE t (name text) PARTITION BY RANGE (name);

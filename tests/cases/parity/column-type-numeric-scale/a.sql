CREATE TABLE t (name numeric(10,2));

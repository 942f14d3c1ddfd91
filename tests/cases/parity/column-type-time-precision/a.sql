CREATE TABLE t (name timestamptz(3));

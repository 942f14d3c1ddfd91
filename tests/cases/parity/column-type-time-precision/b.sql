CREATE TABLE t (name timestamptz(6));

CREATE TABLE t (name timestamptz DEFAULT now());

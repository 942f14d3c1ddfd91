CREATE TABLE t (id int, CONSTRAINT c CHECK (id > 0));

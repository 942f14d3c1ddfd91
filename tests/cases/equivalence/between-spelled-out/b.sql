CREATE TABLE t (id int, CONSTRAINT c CHECK (id >= 1 AND id <= 5));

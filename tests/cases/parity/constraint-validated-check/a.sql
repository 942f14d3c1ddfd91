CREATE TABLE t (id int, name text);
ALTER TABLE t ADD CONSTRAINT c CHECK (id > 0);

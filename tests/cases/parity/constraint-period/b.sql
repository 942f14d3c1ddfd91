CREATE TABLE t (id int, name text);
ALTER TABLE t ADD CONSTRAINT c UNIQUE (id);
UPDATE pg_constraint SET conperiod = true WHERE conname = 'c';

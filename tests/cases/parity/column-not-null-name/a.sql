CREATE TABLE t (id int, name text);
ALTER TABLE t ADD CONSTRAINT a NOT NULL name;

CREATE TABLE t (id int, name text);
ALTER TABLE t ADD CONSTRAINT b NOT NULL name;

CREATE TABLE t (id int);
ALTER TABLE t ADD name text;

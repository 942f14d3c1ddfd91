CREATE TABLE t (id int, name text);
ALTER TABLE t SET (fillfactor = 70);

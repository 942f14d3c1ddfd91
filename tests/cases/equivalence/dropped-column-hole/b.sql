CREATE TABLE t (id int, gone int, name text);
ALTER TABLE t DROP gone;

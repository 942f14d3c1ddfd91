CREATE TABLE t (name text, id int);

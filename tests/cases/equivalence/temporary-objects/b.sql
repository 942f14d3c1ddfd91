CREATE TABLE t (id int, name text);
CREATE TEMPORARY TABLE tmp (id int);

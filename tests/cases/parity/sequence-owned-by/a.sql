CREATE TABLE t (id int, name text);
CREATE SEQUENCE s;

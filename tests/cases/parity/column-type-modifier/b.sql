CREATE TABLE t (name varchar(11));

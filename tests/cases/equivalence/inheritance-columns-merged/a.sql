CREATE TABLE p (id int);
CREATE TABLE q (id int);
CREATE TABLE t () INHERITS (p);

CREATE TABLE t (id int, n int);
CREATE INDEX i ON t (n, id);

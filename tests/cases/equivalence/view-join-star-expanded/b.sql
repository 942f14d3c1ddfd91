CREATE TABLE t (a int, b int);
CREATE TABLE u (a int, c int);
CREATE VIEW v AS SELECT a, t.b, u.c FROM t JOIN u USING (a);

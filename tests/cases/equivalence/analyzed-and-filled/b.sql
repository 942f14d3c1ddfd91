CREATE TABLE t (id int, name text);
INSERT INTO t SELECT g, g::text FROM generate_series(1, 100) g;
ANALYZE t;

CREATE TABLE t (id int, name text);
ALTER TABLE t ALTER id SET (n_distinct = 5, n_distinct_inherited = 6);

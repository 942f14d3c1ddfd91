CREATE TABLE t (id int, name int GENERATED ALWAYS AS (id + 1) STORED);

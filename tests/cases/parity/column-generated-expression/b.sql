CREATE TABLE t (id int, name int GENERATED ALWAYS AS (id + 2) STORED);

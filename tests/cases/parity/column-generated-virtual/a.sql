CREATE TABLE t (id int, name text GENERATED ALWAYS AS (id::text) STORED);

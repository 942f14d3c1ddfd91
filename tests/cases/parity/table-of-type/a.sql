CREATE TYPE ty AS (id int);
CREATE TABLE t (id int);

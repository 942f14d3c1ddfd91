CREATE TYPE ty AS (id int);
CREATE TABLE t OF ty;

CREATE TYPE y AS (a int, b text);
CREATE TABLE t (a int, b text);
ALTER TABLE t OF y;

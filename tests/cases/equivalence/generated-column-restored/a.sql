CREATE TABLE t (a varchar(5), b text GENERATED ALWAYS AS (CASE WHEN a IN ('x', 'y') THEN a ELSE 'z' END) STORED);

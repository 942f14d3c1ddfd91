CREATE TABLE t (a varchar(5));
CREATE INDEX i ON t ((a IN ('p', 'q')), lower(a)) WHERE a NOT IN ('x', 'y');

CREATE TABLE t (a varchar(5), b int);
CREATE STATISTICS s ON (a IN ('p', 'q')), b FROM t;

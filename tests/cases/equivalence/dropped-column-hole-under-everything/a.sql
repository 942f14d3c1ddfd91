CREATE TABLE t (a int, b int, c int);
CREATE STATISTICS s ON a, b FROM t;
CREATE PUBLICATION p FOR TABLE t;
GRANT SELECT (a), UPDATE (b) ON t TO parity_alice;

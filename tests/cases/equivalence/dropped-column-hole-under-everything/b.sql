CREATE TABLE t (a int, x int, b int, c int);
ALTER TABLE t DROP x;
CREATE STATISTICS s ON b, a FROM t;
CREATE PUBLICATION p FOR TABLE t;
GRANT UPDATE (b), SELECT (a) ON t TO parity_alice;

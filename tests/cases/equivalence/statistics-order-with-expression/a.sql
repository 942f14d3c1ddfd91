CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS st (dependencies, ndistinct, mcv) ON a, b, (lower(c)) FROM t;

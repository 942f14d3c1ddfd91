CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS st (mcv, ndistinct, dependencies) ON (lower(c)), b, a FROM t;

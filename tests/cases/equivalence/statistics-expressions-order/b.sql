CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS st ON (upper(c)), (lower(c)) FROM t;

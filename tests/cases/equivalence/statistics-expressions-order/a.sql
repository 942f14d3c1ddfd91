CREATE TABLE t (a int, b int, c text);
CREATE STATISTICS st ON (lower(c)), (upper(c)) FROM t;

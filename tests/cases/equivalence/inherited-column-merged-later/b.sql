CREATE TABLE p (a int, b int);
CREATE TABLE k (b int) INHERITS (p);

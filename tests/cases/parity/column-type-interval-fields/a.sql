CREATE TABLE t (name interval day to second);

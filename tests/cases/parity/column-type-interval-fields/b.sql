CREATE TABLE t (name interval hour to second);

CREATE TABLE t (a varchar(5)) PARTITION BY LIST ((a IN ('p', 'q')));

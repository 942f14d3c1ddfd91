CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE t PARTITION OF p DEFAULT;
UPDATE pg_inherits SET inhdetachpending = true WHERE inhrelid = 't'::regclass;

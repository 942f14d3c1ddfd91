CREATE SEQUENCE q;
CREATE TABLE t (a int DEFAULT nextval('q'));

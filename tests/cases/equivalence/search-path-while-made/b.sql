CREATE SCHEMA s;
SET search_path = s;
CREATE TABLE t (id int DEFAULT length('x'));
CREATE VIEW v AS SELECT id FROM t;

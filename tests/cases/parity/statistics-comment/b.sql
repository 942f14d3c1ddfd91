CREATE TABLE t (id int, name text);
CREATE STATISTICS x ON id, name FROM t;
COMMENT ON STATISTICS x IS 'x';

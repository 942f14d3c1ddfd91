CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id);
COMMENT ON INDEX i IS 'x';

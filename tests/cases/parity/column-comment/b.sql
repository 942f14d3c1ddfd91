CREATE TABLE t (id int, name text);
COMMENT ON COLUMN t.name IS 'y';

CREATE TABLE t (id int, name text);
COMMENT ON TABLE t IS 'x';

CREATE TABLE t (id int, name text);
CREATE POLICY x ON t;
COMMENT ON POLICY x ON t IS 'x';

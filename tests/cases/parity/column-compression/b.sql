CREATE TABLE t (id int, name text);
ALTER TABLE t ALTER name SET COMPRESSION pglz;

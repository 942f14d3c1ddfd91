CREATE TABLE t (id int, name text);
CREATE INDEX i ON t (id);
ALTER INDEX i DEPENDS ON EXTENSION plpgsql;

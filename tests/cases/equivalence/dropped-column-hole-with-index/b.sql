CREATE TABLE t (gone int, id int, name text);
ALTER TABLE t DROP gone;
CREATE INDEX i ON t (name);
CREATE VIEW v AS SELECT name FROM t;

CREATE TABLE t (id int, name text);
CREATE VIEW v AS SELECT t.id, t.name FROM t;

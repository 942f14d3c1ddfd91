CREATE TABLE t (id int, label text);
CREATE VIEW v AS SELECT label FROM t;
ALTER TABLE t RENAME label TO name;

CREATE TABLE t (id int, label text);
ALTER TABLE t RENAME label TO name;

CREATE TABLE t (id int, gone text);
ALTER TABLE t DROP gone;

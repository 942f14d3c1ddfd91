CREATE TABLE t (id int, name text);
ALTER TABLE t ALTER name TYPE varchar(10);
ALTER TABLE t ALTER name TYPE text;

CREATE TABLE t (id int, name text);
ALTER TABLE t ALTER name SET DEFAULT 'x';
ALTER TABLE t ALTER name SET DEFAULT 'x'::varchar(1);

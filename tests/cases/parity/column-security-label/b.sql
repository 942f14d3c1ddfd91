CREATE TABLE t (id int, name text);
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 1, 'selinux', 'x');

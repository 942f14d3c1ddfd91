CREATE TABLE t (id int, name text);
INSERT INTO pg_seclabel VALUES ('t'::regclass, 'pg_class'::regclass, 0, 'selinux', 'x');

CREATE TABLE t (id int, name text);
CREATE VIEW v WITH (check_option = local, security_barrier = true) AS SELECT id FROM t;

CREATE TABLE t (id int, name text);
CREATE VIEW v WITH (security_barrier = true, check_option = local) AS SELECT id FROM t;

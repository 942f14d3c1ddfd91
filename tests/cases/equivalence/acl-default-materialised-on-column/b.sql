CREATE TABLE t (id int, name text);
GRANT SELECT (id) ON t TO parity_alice;
REVOKE SELECT (id) ON t FROM parity_alice;

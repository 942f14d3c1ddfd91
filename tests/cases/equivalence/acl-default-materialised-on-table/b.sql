CREATE TABLE t (id int, name text);
GRANT SELECT ON t TO parity_alice;
REVOKE SELECT ON t FROM parity_alice;

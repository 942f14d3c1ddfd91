CREATE TABLE t (id int, name text);
GRANT SELECT ON t TO parity_alice;
GRANT INSERT ON t TO parity_alice;
GRANT SELECT ON t TO parity_alice;

CREATE TABLE t (id int, name text);
GRANT SELECT (name) ON t TO parity_alice;

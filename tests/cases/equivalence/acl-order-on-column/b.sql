CREATE TABLE t (id int, name text);
GRANT UPDATE (id) ON t TO parity_bob;
GRANT SELECT (id) ON t TO parity_alice;

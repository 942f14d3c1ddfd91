CREATE TABLE t (id int, name text);
GRANT SELECT (id) ON t TO parity_alice;
GRANT UPDATE (id) ON t TO parity_bob;

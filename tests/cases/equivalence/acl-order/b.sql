CREATE TABLE t (id int, name text);
GRANT INSERT ON t TO parity_bob;
GRANT SELECT ON t TO parity_alice;

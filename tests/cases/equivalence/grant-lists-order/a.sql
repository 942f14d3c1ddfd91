CREATE TABLE t (a int, b int);
GRANT SELECT, INSERT, UPDATE ON t TO parity_alice, parity_bob;
GRANT UPDATE (a, b), INSERT (a) ON t TO parity_bob, parity_alice;

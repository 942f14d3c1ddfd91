CREATE TABLE t (a int, b int);
GRANT UPDATE ON t TO parity_bob;
GRANT INSERT, SELECT ON t TO parity_bob, parity_alice;
GRANT UPDATE ON t TO parity_alice;
GRANT INSERT (a) ON t TO parity_alice, parity_bob;
GRANT UPDATE (b, a) ON t TO parity_alice, parity_bob;

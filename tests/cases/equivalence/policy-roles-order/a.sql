CREATE TABLE t (id int, name text);
CREATE POLICY p ON t TO parity_alice, parity_bob;

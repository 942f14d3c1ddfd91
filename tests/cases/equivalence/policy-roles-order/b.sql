CREATE TABLE t (id int, name text);
CREATE POLICY p ON t TO parity_bob, parity_alice;

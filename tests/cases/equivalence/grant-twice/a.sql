CREATE TABLE t (id int, name text);
GRANT SELECT, INSERT ON t TO parity_alice;

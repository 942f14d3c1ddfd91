CREATE TABLE t (id int, name text);
CREATE STATISTICS x ON id, name FROM t;
ALTER STATISTICS x OWNER TO parity_alice;

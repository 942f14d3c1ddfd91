CREATE TABLE t (id int, name text);
ALTER TABLE t OWNER TO parity_alice;
ALTER TABLE t OWNER TO postgres;

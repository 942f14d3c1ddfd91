CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE SCHEMA s;
CREATE TYPE y AS ENUM ('a');
CREATE SEQUENCE q;
GRANT EXECUTE ON FUNCTION f() TO parity_bob, parity_alice;
REVOKE ALL ON FUNCTION f() FROM public;
GRANT CREATE, USAGE ON SCHEMA s TO parity_bob, parity_alice;
GRANT USAGE ON TYPE y TO parity_bob, parity_alice;
GRANT SELECT, USAGE ON SEQUENCE q TO parity_bob, parity_alice;

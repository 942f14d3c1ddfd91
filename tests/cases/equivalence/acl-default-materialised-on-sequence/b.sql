CREATE SEQUENCE s;
GRANT USAGE ON s TO parity_alice;
REVOKE USAGE ON s FROM parity_alice;

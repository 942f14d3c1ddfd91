CREATE TYPE e AS ENUM ('a');
GRANT USAGE ON TYPE e TO parity_alice;
REVOKE USAGE ON TYPE e FROM parity_alice;

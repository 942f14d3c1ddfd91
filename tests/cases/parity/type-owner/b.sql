CREATE TYPE mood AS ENUM ('a', 'b');
ALTER TYPE mood OWNER TO parity_alice;

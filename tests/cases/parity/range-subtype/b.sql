CREATE TYPE ra AS RANGE (subtype = bigint);

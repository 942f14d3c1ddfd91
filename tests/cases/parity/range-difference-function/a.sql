CREATE TYPE ra AS RANGE (subtype = float8);

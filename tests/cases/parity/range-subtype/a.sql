CREATE TYPE ra AS RANGE (subtype = int);

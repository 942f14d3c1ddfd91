CREATE TYPE ra AS RANGE (subtype = text);

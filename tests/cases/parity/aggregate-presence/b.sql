CREATE AGGREGATE a(int) (SFUNC = int4pl, STYPE = int);

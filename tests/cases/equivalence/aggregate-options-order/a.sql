CREATE AGGREGATE g(int) (sfunc = int4pl, stype = int4, initcond = '0', parallel = safe);

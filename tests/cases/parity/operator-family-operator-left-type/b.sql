CREATE OPERATOR FAMILY f USING btree;
ALTER OPERATOR FAMILY f USING btree ADD OPERATOR 1 < (int4, int8);
UPDATE pg_amop SET amoplefttype = 'int2'::regtype WHERE amopfamily = (SELECT oid FROM pg_opfamily WHERE opfname = 'f');

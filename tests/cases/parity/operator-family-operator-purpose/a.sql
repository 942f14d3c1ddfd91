CREATE OPERATOR FAMILY f USING gist;
CREATE OPERATOR FAMILY s USING btree;
CREATE OPERATOR CLASS s FOR TYPE float8 USING btree FAMILY s AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btfloat8cmp(float8, float8);
ALTER OPERATOR FAMILY f USING gist ADD OPERATOR 15 <-> (point, point) FOR ORDER BY s;
UPDATE pg_amop SET amopsortfamily = (SELECT oid FROM pg_opfamily WHERE opfname = 's') WHERE amopopr = '<->(point,point)'::regoperator AND amopfamily = (SELECT oid FROM pg_opfamily WHERE opfname = 'f');

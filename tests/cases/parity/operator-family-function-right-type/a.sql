CREATE OPERATOR FAMILY f USING gist;
ALTER OPERATOR FAMILY f USING gist ADD FUNCTION 8 (int4, int4) gist_point_distance(internal, point, smallint, oid, internal);

CREATE TYPE ra;
CREATE FUNCTION can(ra) RETURNS ra LANGUAGE internal IMMUTABLE STRICT AS 'int4range_canonical';
CREATE TYPE ra AS RANGE (subtype = int);

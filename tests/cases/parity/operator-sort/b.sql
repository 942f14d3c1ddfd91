CREATE FUNCTION eq(box, box) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT true';
CREATE FUNCTION eq2(box, box) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT false';
CREATE OPERATOR === (LEFTARG = box, RIGHTARG = box, FUNCTION = eq);
UPDATE pg_operator SET oprkind = 'l' WHERE oprname = '===';

CREATE TABLE t (s varchar(9));
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER x BEFORE INSERT ON t FOR EACH ROW WHEN (((NEW.s)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text]))) EXECUTE FUNCTION f();

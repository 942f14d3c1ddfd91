CREATE TABLE t (a int, b int);
CREATE TABLE u (a int);
CREATE SEQUENCE s;
ALTER SEQUENCE s OWNED BY t.a;
UPDATE pg_depend SET deptype = 'n' WHERE objid = 's'::regclass AND deptype = 'a';

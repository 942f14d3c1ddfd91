CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET colllocale = 'it' WHERE collname = 'co';

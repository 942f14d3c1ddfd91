CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET colliculocale = 'it' WHERE collname = 'co';

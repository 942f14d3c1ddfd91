CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET collprovider = 'i' WHERE collname = 'co';

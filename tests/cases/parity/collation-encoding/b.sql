CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET collencoding = 8 WHERE collname = 'co';

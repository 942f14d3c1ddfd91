CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET collicurules = '&V << w <<< W' WHERE collname = 'co';

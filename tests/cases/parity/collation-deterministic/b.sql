CREATE COLLATION co (provider = libc, locale = 'C');
UPDATE pg_collation SET collisdeterministic = false WHERE collname = 'co';

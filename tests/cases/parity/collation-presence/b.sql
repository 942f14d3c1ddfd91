CREATE COLLATION co (provider = libc, locale = 'C');

CREATE COLLATION co (provider = libc, lc_collate = 'POSIX', lc_ctype = 'C');

CREATE COLLATION co (provider = libc, lc_collate = 'C', lc_ctype = 'POSIX');

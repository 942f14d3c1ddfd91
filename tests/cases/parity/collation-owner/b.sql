CREATE COLLATION co (provider = libc, locale = 'C');
ALTER COLLATION co OWNER TO parity_alice;

CREATE COLLATION co (provider = libc, locale = 'C');
COMMENT ON COLLATION co IS 'x';

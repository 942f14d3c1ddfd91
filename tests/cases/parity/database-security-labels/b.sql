INSERT INTO pg_shseclabel SELECT oid, 'pg_database'::regclass, 'selinux', 'x' FROM pg_database WHERE datname = current_database();

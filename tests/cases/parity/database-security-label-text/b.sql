INSERT INTO pg_shseclabel (objoid, classoid, provider, label) SELECT oid, 'pg_database'::regclass, 'selinux', 'b' FROM pg_database WHERE datname = current_database();

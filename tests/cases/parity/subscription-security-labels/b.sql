CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p WITH (connect = false, slot_name = NONE);
INSERT INTO pg_shseclabel SELECT oid, 'pg_subscription'::regclass, 'selinux', 'x' FROM pg_subscription WHERE subname = 's';

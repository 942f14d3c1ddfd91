CREATE TABLE t (a int);
CREATE PUBLICATION p FOR TABLE t WITH (publish = 'insert, update', publish_via_partition_root);

CREATE TABLE t (a int);
CREATE PUBLICATION p FOR TABLE t WITH (publish_via_partition_root, publish = 'update, insert');

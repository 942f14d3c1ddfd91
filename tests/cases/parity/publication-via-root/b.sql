CREATE PUBLICATION p WITH (publish_via_partition_root = true);

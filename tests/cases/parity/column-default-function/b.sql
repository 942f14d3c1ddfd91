CREATE TABLE t (name timestamptz DEFAULT clock_timestamp());

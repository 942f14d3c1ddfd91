CREATE TABLE t (name text) PARTITION BY RANGE (name text_pattern_ops);

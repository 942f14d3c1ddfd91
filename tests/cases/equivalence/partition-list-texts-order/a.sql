CREATE TABLE p (a text) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF p FOR VALUES IN ('a, b', 'it''s', '(c)', 'NULL', NULL, 'x"y', E'back\\slash');

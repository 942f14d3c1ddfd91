CREATE TABLE p (a text) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF p FOR VALUES IN (E'back\\slash', NULL, 'x"y', 'NULL', '(c)', 'it''s', 'a, b');

CREATE TABLE p (a varchar(5)) PARTITION BY LIST (a);
CREATE TABLE q PARTITION OF p FOR VALUES IN ('y'::varchar, 'x'::text);

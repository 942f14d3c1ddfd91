CREATE TABLE t (a varchar(5), b boolean GENERATED ALWAYS AS (a IN ('x', 'y')) VIRTUAL);

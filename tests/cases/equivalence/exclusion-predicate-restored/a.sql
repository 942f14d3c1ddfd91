CREATE TABLE t (a varchar(5), r int4range, CONSTRAINT x EXCLUDE USING gist (r WITH &&) WHERE (a IN ('p', 'q')));

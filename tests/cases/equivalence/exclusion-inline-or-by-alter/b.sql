CREATE TABLE t (r int4range);
ALTER TABLE t ADD CONSTRAINT x EXCLUDE USING gist (r range_ops WITH &&);

CREATE TABLE p (id int) PARTITION BY RANGE (id);
CREATE TABLE t PARTITION OF p DEFAULT;
CREATE INDEX j ON ONLY p (id);
CREATE INDEX i ON t (id);
ALTER INDEX j ATTACH PARTITION i;
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'j'::regclass;

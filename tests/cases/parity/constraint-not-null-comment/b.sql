CREATE TABLE t (id int NOT NULL);
COMMENT ON CONSTRAINT t_id_not_null ON t IS 'x';

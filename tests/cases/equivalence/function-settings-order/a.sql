CREATE FUNCTION f() RETURNS int LANGUAGE sql SET work_mem = '5MB' SET enable_seqscan = off AS 'SELECT 1';

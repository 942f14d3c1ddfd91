CREATE FUNCTION f() RETURNS int LANGUAGE sql SET enable_seqscan = off SET work_mem = '5MB' AS 'SELECT 1';

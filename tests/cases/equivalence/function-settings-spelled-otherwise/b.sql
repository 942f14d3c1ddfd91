CREATE FUNCTION f() RETURNS int LANGUAGE sql SET work_mem = 9216 SET jit = 'false' SET statement_timeout = 60000 SET random_page_cost = '1.1' SET temp_buffers = 2048 SET client_min_messages = warning SET custom.most = '9MB' AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql SET lock_timeout = '0s' SET enable_seqscan = 1 SET vacuum_cost_delay = '2000us' AS 'SELECT 1';

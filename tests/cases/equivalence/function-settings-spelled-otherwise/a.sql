CREATE FUNCTION f() RETURNS int LANGUAGE sql SET work_mem = '9MB' SET jit = off SET statement_timeout = '1min' SET random_page_cost = 1.10 SET temp_buffers = '16MB' SET client_min_messages = 'WARNING' SET custom.most = '9MB' AS 'SELECT 1';
CREATE PROCEDURE p() LANGUAGE sql SET lock_timeout = 0 SET enable_seqscan = 'yes' SET vacuum_cost_delay = '2ms' AS 'SELECT 1';

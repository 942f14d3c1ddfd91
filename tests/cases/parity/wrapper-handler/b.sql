CREATE FUNCTION h() RETURNS fdw_handler LANGUAGE internal AS 'heap_tableam_handler';
CREATE FOREIGN DATA WRAPPER w HANDLER h;

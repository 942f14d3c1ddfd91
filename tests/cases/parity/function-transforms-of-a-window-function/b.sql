CREATE FUNCTION w(a int) RETURNS bigint LANGUAGE internal WINDOW STRICT AS 'window_row_number';
UPDATE pg_proc SET protrftypes = ARRAY['text'::regtype]::oid[] WHERE oid = 'w(int)'::regprocedure;

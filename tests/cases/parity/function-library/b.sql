CREATE FUNCTION f(int) RETURNS language_handler LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_call_handler';
UPDATE pg_proc SET probin = '$libdir/other' WHERE proname = 'f';

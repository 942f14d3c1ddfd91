CREATE LANGUAGE l HANDLER plpgsql_call_handler;
UPDATE pg_language SET lanispl = false WHERE lanname = 'l';

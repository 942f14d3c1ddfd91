CREATE LANGUAGE l HANDLER plpgsql_call_handler;
ALTER LANGUAGE l OWNER TO parity_alice;

CREATE LANGUAGE l HANDLER plpgsql_call_handler VALIDATOR plpgsql_validator;

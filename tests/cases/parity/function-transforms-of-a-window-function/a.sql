CREATE FUNCTION w(a int) RETURNS bigint LANGUAGE internal WINDOW STRICT AS 'window_row_number';

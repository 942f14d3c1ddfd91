CREATE CONVERSION cv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
UPDATE pg_conversion SET conproc = 'iso8859_to_utf8' WHERE conname = 'cv';

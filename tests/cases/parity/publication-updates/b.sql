CREATE PUBLICATION p WITH (publish = 'insert, delete, truncate');

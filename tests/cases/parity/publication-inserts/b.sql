CREATE PUBLICATION p WITH (publish = 'update, delete, truncate');

CREATE DOMAIN d AS varchar(6);

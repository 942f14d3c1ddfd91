CREATE SCHEMA s;
CREATE TABLE s.t (id int CHECK (id > 0));

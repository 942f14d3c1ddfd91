CREATE TABLE t (id int, name text);
CREATE POLICY x ON t USING (id > 1);

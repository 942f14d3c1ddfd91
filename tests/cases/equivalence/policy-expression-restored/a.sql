CREATE TABLE t (s varchar(9));
CREATE POLICY p ON t USING (s IN ('a', 'b'));

CREATE TABLE t (a varchar(5), b timestamptz, c bool, d decimal(4, 2), e int8);

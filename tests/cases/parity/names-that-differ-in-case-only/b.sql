CREATE TABLE "T" (id int);

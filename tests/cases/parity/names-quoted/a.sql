CREATE SCHEMA "Sales 24";
CREATE TABLE "Sales 24"."Orders" ("Net €" int);

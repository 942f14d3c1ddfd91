CREATE TYPE mood AS ENUM ('a', 'b');
REVOKE USAGE ON TYPE mood FROM public;

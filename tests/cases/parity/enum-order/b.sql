CREATE TYPE mood AS ENUM ('b', 'a');

CREATE TYPE e AS ENUM ('x', 'z');

UPDATE pg_database SET daticurules = '&a < b' WHERE datname = current_database();

UPDATE pg_database SET datlocale = 'it' WHERE datname = current_database();

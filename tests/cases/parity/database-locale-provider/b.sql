UPDATE pg_database SET datlocprovider = 'i' WHERE datname = current_database();

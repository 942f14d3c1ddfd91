UPDATE pg_database SET daticulocale = 'it' WHERE datname = current_database();

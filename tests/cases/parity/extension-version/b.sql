UPDATE pg_extension SET extversion = '9' WHERE extname = 'plpgsql';

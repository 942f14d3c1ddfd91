UPDATE pg_extension SET extnamespace = 'public'::regnamespace WHERE extname = 'plpgsql';

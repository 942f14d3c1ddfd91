UPDATE pg_extension SET extowner = 'parity_alice'::regrole WHERE extname = 'plpgsql';

CREATE TYPE ra AS RANGE (subtype = int, multirange_type_name = many);

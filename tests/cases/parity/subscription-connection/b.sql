CREATE SUBSCRIPTION s CONNECTION 'host=nowhere password=x' PUBLICATION p WITH (connect = false, slot_name = NONE);

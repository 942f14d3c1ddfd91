CREATE SUBSCRIPTION s CONNECTION 'host=nowhere' PUBLICATION p, q WITH (connect = false, slot_name = NONE);

-- 1: the value is encrypted with a key that is not in the database, and written in base64.
ALTER TABLE properties ADD COLUMN is_sealed bigint NOT NULL DEFAULT 0;

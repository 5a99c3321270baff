-- 1: the value is encrypted with a key that is not in the database, and written in base64. (MySQL knows no column that is
-- added only where it is not there.)
SET @make = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()
    AND table_name = 'properties' AND column_name = 'is_sealed') = 0,
    'ALTER TABLE properties ADD COLUMN is_sealed bigint NOT NULL DEFAULT 0', 'DO 0');
PREPARE make FROM @make;
EXECUTE make;
DEALLOCATE PREPARE make;

-- Since when a host is not served, though all of it is kept; empty: it is served. A column cannot be added "if not
-- exists" here; this can be run again all the same.
SET @wanted = IF(
    (SELECT COUNT(*) FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = 'hosts' AND column_name = 'disabled_at') = 0,
    'ALTER TABLE hosts ADD COLUMN disabled_at bigint', 'DO 0');
PREPARE wanted FROM @wanted;
EXECUTE wanted;
DEALLOCATE PREPARE wanted;

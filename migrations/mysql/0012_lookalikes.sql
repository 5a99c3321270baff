-- What an account's name looks like (UTS #39's skeleton); empty: not looked at yet, made by an older server or before this
-- step. Not unique: names that look alike may be meant. A column cannot be added "if not exists" here; this can be run
-- again all the same.
SET @wanted = IF(
    (SELECT COUNT(*) FROM information_schema.columns
     WHERE table_schema = DATABASE() AND table_name = 'accounts' AND column_name = 'skeleton') = 0,
    'ALTER TABLE accounts ADD COLUMN skeleton varbinary(1023), ADD KEY accounts_by_look (host_id, skeleton)', 'DO 0');
PREPARE wanted FROM @wanted;
EXECUTE wanted;
DEALLOCATE PREPARE wanted;

-- By which version of Unicode all of them were made, as 180000 for 18.0.0.
INSERT IGNORE INTO counters (name, value) VALUES ('lookalikes', 0);

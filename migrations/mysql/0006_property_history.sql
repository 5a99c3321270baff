-- What is kept for so many days is looked for by its time; the history of a property by its name. (MySQL knows no index
-- that is made only where it is not there.)
SET @make = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND index_name = 'audit_log_by_time') = 0, 'CREATE INDEX audit_log_by_time ON audit_log (done_at)', 'DO 0');
PREPARE make FROM @make;
EXECUTE make;
SET @make = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND index_name = 'property_changes_by_time') = 0,
    'CREATE INDEX property_changes_by_time ON property_changes (changed_at)', 'DO 0');
PREPARE make FROM @make;
EXECUTE make;
SET @make = IF((SELECT COUNT(*) FROM information_schema.statistics WHERE table_schema = DATABASE()
    AND index_name = 'property_changes_by_name') = 0,
    'CREATE INDEX property_changes_by_name ON property_changes (name, id)', 'DO 0');
PREPARE make FROM @make;
EXECUTE make;
DEALLOCATE PREPARE make;

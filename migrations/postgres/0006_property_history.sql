-- What is kept for so many days is looked for by its time; the history of a property by its name.
CREATE INDEX audit_log_by_time ON audit_log (done_at);
CREATE INDEX property_changes_by_time ON property_changes (changed_at);
CREATE INDEX property_changes_by_name ON property_changes (name, id);

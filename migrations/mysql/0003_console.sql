-- Accounts that were given power. role: owner, host (of the host in host_id) or read-only.
CREATE TABLE IF NOT EXISTS administrators (
    account_id bigint NOT NULL PRIMARY KEY,
    role varbinary(16) NOT NULL,
    host_id bigint,
    granted_at bigint NOT NULL,
    granted_by varbinary(2600) NOT NULL,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    FOREIGN KEY (host_id) REFERENCES hosts (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
-- Grows with every change of them: whoever changes them holds this row.
INSERT IGNORE INTO counters (name, value) VALUES ('administrators', 0);

-- token_hash: SHA-256 of what the browser has; the token itself is nowhere.
CREATE TABLE IF NOT EXISTS console_sessions (
    token_hash varbinary(32) NOT NULL PRIMARY KEY,
    account_id bigint NOT NULL,
    address varbinary(64) NOT NULL,
    created_at bigint NOT NULL,
    used_at bigint NOT NULL,
    KEY console_sessions_by_account (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What operators have done. outcome: empty while an act is under way, and for ever where its server died over it.
CREATE TABLE IF NOT EXISTS audit_log (
    id bigint NOT NULL PRIMARY KEY,
    done_at bigint NOT NULL,
    actor mediumblob NOT NULL,
    address varbinary(64),
    node varbinary(1023) NOT NULL,
    act varbinary(64) NOT NULL,
    target mediumblob NOT NULL,
    value_before mediumblob,
    value_after mediumblob,
    outcome mediumblob
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

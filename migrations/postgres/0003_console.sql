-- Accounts that were given power. role: owner, host (of the host in host_id) or read-only.
CREATE TABLE administrators (
    account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    role text NOT NULL,
    host_id bigint REFERENCES hosts (id),
    granted_at bigint NOT NULL,
    granted_by text NOT NULL
);
-- Grows with every change of them: whoever changes them holds this row.
INSERT INTO counters (name, value) VALUES ('administrators', 0);

-- token_hash: SHA-256 of what the browser has; the token itself is nowhere.
CREATE TABLE console_sessions (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address text NOT NULL,
    created_at bigint NOT NULL,
    used_at bigint NOT NULL
);
CREATE INDEX console_sessions_by_account ON console_sessions (account_id);

-- What operators have done. outcome: empty while an act is under way, and for ever where its server died over it.
CREATE TABLE audit_log (
    id bigint PRIMARY KEY,
    done_at bigint NOT NULL,
    actor text NOT NULL,
    address text,
    node text NOT NULL,
    act text NOT NULL,
    target text NOT NULL,
    value_before text,
    value_after text,
    outcome text
);

-- Tokens that programs use the API with. token_hash: SHA-256 of the token; the token itself is nowhere.
-- role, host_id: as in administrators. expires_at, used_at: empty where it never ends, or was never used.
CREATE TABLE IF NOT EXISTS api_tokens (
    name varbinary(64) NOT NULL PRIMARY KEY,
    token_hash varbinary(32) NOT NULL UNIQUE,
    account_id bigint NOT NULL,
    role varbinary(16) NOT NULL,
    host_id bigint,
    created_at bigint NOT NULL,
    expires_at bigint,
    used_at bigint,
    KEY api_tokens_by_account (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE,
    FOREIGN KEY (host_id) REFERENCES hosts (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

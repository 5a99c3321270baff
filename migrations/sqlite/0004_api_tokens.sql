-- Tokens that programs use the API with. token_hash: SHA-256 of the token; the token itself is nowhere.
-- role, host_id: as in administrators. expires_at, used_at: empty where it never ends, or was never used.
CREATE TABLE api_tokens (
    name text PRIMARY KEY,
    token_hash blob NOT NULL UNIQUE,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    role text NOT NULL,
    host_id bigint REFERENCES hosts (id),
    created_at bigint NOT NULL,
    expires_at bigint,
    used_at bigint
);
CREATE INDEX api_tokens_by_account ON api_tokens (account_id);

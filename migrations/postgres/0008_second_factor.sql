-- An administrator's second factor (RFC 6238). confirmed_at: empty until the first right code. last_step: the step of
-- the code that was used last; none is used twice. attempts: since the last right code; none before retry_at.
CREATE TABLE second_factors (
    account_id bigint PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    secret bytea NOT NULL,
    made_at bigint NOT NULL,
    confirmed_at bigint,
    last_step bigint NOT NULL,
    attempts bigint NOT NULL,
    retry_at bigint NOT NULL
);

-- code_hash: SHA-256 of a code that is good once instead of one of the second factor.
CREATE TABLE recovery_codes (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    code_hash bytea NOT NULL,
    PRIMARY KEY (account_id, code_hash)
);

-- Logins at the console of which the password is known to be right and the code is still to come.
CREATE TABLE console_waiting (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    address text NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX console_waiting_by_account ON console_waiting (account_id);

-- When somebody who is logged in has last shown that it is still them.
CREATE TABLE console_proofs (
    token_hash bytea PRIMARY KEY REFERENCES console_sessions (token_hash) ON DELETE CASCADE,
    proven_at bigint NOT NULL
);

-- Lists of accounts by time.
CREATE INDEX accounts_by_made ON accounts (host_id, created_at, id);
CREATE INDEX accounts_by_login ON accounts (host_id, COALESCE(last_login, 0), id);

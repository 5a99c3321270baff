-- An administrator's second factor (RFC 6238). confirmed_at: empty until the first right code. last_step: the step of
-- the code that was used last; none is used twice. attempts: since the last right code; none before retry_at.
CREATE TABLE IF NOT EXISTS second_factors (
    account_id bigint NOT NULL PRIMARY KEY,
    secret varbinary(64) NOT NULL,
    made_at bigint NOT NULL,
    confirmed_at bigint,
    last_step bigint NOT NULL,
    attempts bigint NOT NULL,
    retry_at bigint NOT NULL,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- code_hash: SHA-256 of a code that is good once instead of one of the second factor.
CREATE TABLE IF NOT EXISTS recovery_codes (
    account_id bigint NOT NULL,
    code_hash varbinary(32) NOT NULL,
    PRIMARY KEY (account_id, code_hash),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Logins at the console of which the password is known to be right and the code is still to come.
CREATE TABLE IF NOT EXISTS console_waiting (
    token_hash varbinary(32) NOT NULL PRIMARY KEY,
    account_id bigint NOT NULL,
    address varbinary(64) NOT NULL,
    created_at bigint NOT NULL,
    KEY console_waiting_by_account (account_id),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- When somebody who is logged in has last shown that it is still them.
CREATE TABLE IF NOT EXISTS console_proofs (
    token_hash varbinary(32) NOT NULL PRIMARY KEY,
    proven_at bigint NOT NULL,
    FOREIGN KEY (token_hash) REFERENCES console_sessions (token_hash) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Lists of accounts by time. An index cannot be made "if not exists" here; this can be run again all the same.
SET @wanted = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_by_made') = 0,
    'CREATE INDEX accounts_by_made ON accounts (host_id, created_at, id)', 'DO 0');
PREPARE wanted FROM @wanted;
EXECUTE wanted;
DEALLOCATE PREPARE wanted;
SET @wanted = IF(
    (SELECT COUNT(*) FROM information_schema.statistics
     WHERE table_schema = DATABASE() AND table_name = 'accounts' AND index_name = 'accounts_by_login') = 0,
    'CREATE INDEX accounts_by_login ON accounts (host_id, last_login, id)', 'DO 0');
PREPARE wanted FROM @wanted;
EXECUTE wanted;
DEALLOCATE PREPARE wanted;

-- Certificates that every server which shares this database uses. sealed_key: its key, encrypted with a key that is not
-- in the database. source: 'acme', or 'import' by an operator.
CREATE TABLE IF NOT EXISTS kept_certificates (
    host_id bigint NOT NULL PRIMARY KEY,
    chain mediumblob NOT NULL,
    sealed_key mediumblob NOT NULL,
    source varbinary(16) NOT NULL,
    stored_at bigint NOT NULL,
    FOREIGN KEY (host_id) REFERENCES hosts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Accounts at certificate authorities (RFC 8555 §7.3), and that their terms were agreed to.
CREATE TABLE IF NOT EXISTS acme_accounts (
    directory varbinary(1023) NOT NULL PRIMARY KEY,
    terms mediumblob NOT NULL,
    agreed_by mediumblob NOT NULL,
    agreed_at bigint NOT NULL,
    sealed_credentials mediumblob
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- How the orders for a host go. next_at: not tried again before. held_until: not even where an operator wishes it, the
-- authority says. wished_at: an operator wishes it. claimed_until: until then whoever has claim is at it; milliseconds,
-- by the database's clock.
CREATE TABLE IF NOT EXISTS acme_orders (
    host_id bigint NOT NULL PRIMARY KEY,
    failures bigint NOT NULL,
    failed_at bigint,
    why mediumblob,
    next_at bigint NOT NULL,
    held_until bigint NOT NULL,
    wished_at bigint,
    claim varbinary(64) NOT NULL,
    claimed_until bigint NOT NULL,
    FOREIGN KEY (host_id) REFERENCES hosts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- What an authority will ask for (RFC 8555 §8.3), whichever server it reaches.
CREATE TABLE IF NOT EXISTS acme_challenges (
    token varbinary(255) NOT NULL PRIMARY KEY,
    answer mediumblob NOT NULL,
    expires_at bigint NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Grows with every change of them.
INSERT IGNORE INTO counters (name, value) VALUES ('certificates', 0);

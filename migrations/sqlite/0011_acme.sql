-- Certificates that every server which shares this database uses. sealed_key: its key, encrypted with a key that is not
-- in the database. source: 'acme', or 'import' by an operator.
CREATE TABLE kept_certificates (
    host_id integer PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    chain text NOT NULL,
    sealed_key blob NOT NULL,
    source text NOT NULL,
    stored_at bigint NOT NULL
);

-- Accounts at certificate authorities (RFC 8555 §7.3), and that their terms were agreed to.
CREATE TABLE acme_accounts (
    directory text PRIMARY KEY,
    terms text NOT NULL,
    agreed_by text NOT NULL,
    agreed_at bigint NOT NULL,
    sealed_credentials blob
);

-- How the orders for a host go. next_at: not tried again before. held_until: not even where an operator wishes it, the
-- authority says. wished_at: an operator wishes it. claimed_until: until then whoever has claim is at it; milliseconds,
-- by the database's clock.
CREATE TABLE acme_orders (
    host_id integer PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    failures bigint NOT NULL,
    failed_at bigint,
    why text,
    next_at bigint NOT NULL,
    held_until bigint NOT NULL,
    wished_at bigint,
    claim text NOT NULL,
    claimed_until bigint NOT NULL
);

-- What an authority will ask for (RFC 8555 §8.3), whichever server it reaches.
CREATE TABLE acme_challenges (
    token text PRIMARY KEY,
    answer text NOT NULL,
    expires_at bigint NOT NULL
);

-- Grows with every change of them.
INSERT INTO counters (name, value) VALUES ('certificates', 0);

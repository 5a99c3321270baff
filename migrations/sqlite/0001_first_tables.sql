-- Times are microseconds since 1970-01-01T00:00:00Z; flags are 0 or 1.

CREATE TABLE hosts (
    id integer PRIMARY KEY AUTOINCREMENT,
    domain text NOT NULL UNIQUE,
    created_at bigint NOT NULL
);

-- AUTOINCREMENT: the number of a deleted account is never given to another.
CREATE TABLE accounts (
    id integer PRIMARY KEY AUTOINCREMENT,
    host_id bigint NOT NULL REFERENCES hosts (id),
    localpart text NOT NULL,
    created_at bigint NOT NULL,
    locked bigint NOT NULL DEFAULT 0,
    lock_reason text,
    locked_until bigint,
    last_login bigint,
    last_logout bigint,
    last_status text,
    sha1_salt blob,
    sha1_iterations bigint,
    sha1_stored_key blob,
    sha1_server_key blob,
    sha256_salt blob,
    sha256_iterations bigint,
    sha256_stored_key blob,
    sha256_server_key blob,
    UNIQUE (host_id, localpart)
);

CREATE TABLE tokens (
    id integer PRIMARY KEY AUTOINCREMENT,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    client text NOT NULL,
    mechanism text NOT NULL,
    secret blob NOT NULL,
    expires_at bigint NOT NULL,
    counter bigint NOT NULL,
    created_at bigint NOT NULL
);
CREATE INDEX tokens_by_client ON tokens (account_id, client);

-- floor_version: removals up to it have been forgotten.
CREATE TABLE rosters (
    account_id integer PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    version bigint NOT NULL,
    floor_version bigint NOT NULL
);

CREATE TABLE roster_items (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    jid text NOT NULL,
    name text NOT NULL,
    subscription bigint NOT NULL,
    ask bigint NOT NULL,
    pending_in blob,
    approved bigint NOT NULL,
    groups_text text NOT NULL,
    listed bigint NOT NULL,
    version bigint NOT NULL,
    removed bigint NOT NULL,
    PRIMARY KEY (account_id, jid)
) WITHOUT ROWID;

-- No foreign key: a check for each message would cost more than the message. Rows of deleted accounts
-- are deleted with them, and their numbers are never given again.
CREATE TABLE message_log (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    peer text NOT NULL,
    stanza blob NOT NULL,
    expires_at bigint,
    PRIMARY KEY (account_id, id)
) WITHOUT ROWID;

CREATE TABLE vcards (
    account_id integer PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
    xml blob NOT NULL
);

CREATE TABLE private_xml (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    namespace text NOT NULL,
    name text NOT NULL,
    xml blob NOT NULL,
    PRIMARY KEY (account_id, namespace, name)
);

CREATE TABLE blocked (
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    jid text NOT NULL,
    PRIMARY KEY (account_id, jid)
) WITHOUT ROWID;

-- scope: empty for the whole cluster, else the name of a node.
CREATE TABLE properties (
    scope text NOT NULL,
    name text NOT NULL,
    value text NOT NULL,
    PRIMARY KEY (scope, name)
);

CREATE TABLE property_changes (
    id integer PRIMARY KEY AUTOINCREMENT,
    changed_at bigint NOT NULL,
    actor text NOT NULL,
    scope text NOT NULL,
    name text NOT NULL,
    value_before text,
    value_after text
);

CREATE TABLE counters (
    name text PRIMARY KEY,
    value bigint NOT NULL
);
INSERT INTO counters (name, value) VALUES ('properties', 0);

CREATE TABLE secrets (
    name text PRIMARY KEY,
    value blob NOT NULL
);

-- Times are microseconds since 1970-01-01T00:00:00Z; flags are 0 or 1.
-- Texts are bytes (UTF-8): MySQL's text collations ignore case or trailing spaces, and its keys would hold
-- a quarter of the length. Every statement can be run again after a migration that was cut short.

CREATE TABLE IF NOT EXISTS hosts (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    domain varbinary(1023) NOT NULL UNIQUE,
    created_at bigint NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- AUTO_INCREMENT: the number of a deleted account is never given to another.
CREATE TABLE IF NOT EXISTS accounts (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    host_id bigint NOT NULL,
    localpart varbinary(1023) NOT NULL,
    created_at bigint NOT NULL,
    locked bigint NOT NULL DEFAULT 0,
    lock_reason mediumblob,
    locked_until bigint,
    last_login bigint,
    last_logout bigint,
    last_status mediumblob,
    sha1_salt mediumblob,
    sha1_iterations bigint,
    sha1_stored_key mediumblob,
    sha1_server_key mediumblob,
    sha256_salt mediumblob,
    sha256_iterations bigint,
    sha256_stored_key mediumblob,
    sha256_server_key mediumblob,
    UNIQUE KEY accounts_by_name (host_id, localpart),
    FOREIGN KEY (host_id) REFERENCES hosts (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS tokens (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    account_id bigint NOT NULL,
    client varbinary(1023) NOT NULL,
    mechanism varbinary(255) NOT NULL,
    secret mediumblob NOT NULL,
    expires_at bigint NOT NULL,
    counter bigint NOT NULL,
    created_at bigint NOT NULL,
    KEY tokens_by_client (account_id, client),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- floor_version: removals up to it have been forgotten.
CREATE TABLE IF NOT EXISTS rosters (
    account_id bigint NOT NULL PRIMARY KEY,
    version bigint NOT NULL,
    floor_version bigint NOT NULL,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS roster_items (
    account_id bigint NOT NULL,
    jid varbinary(2600) NOT NULL,
    name mediumblob NOT NULL,
    subscription bigint NOT NULL,
    ask bigint NOT NULL,
    pending_in mediumblob,
    approved bigint NOT NULL,
    groups_text mediumblob NOT NULL,
    listed bigint NOT NULL,
    version bigint NOT NULL,
    removed bigint NOT NULL,
    PRIMARY KEY (account_id, jid),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- No foreign key: a check for each message would cost more than the message. Rows of deleted accounts
-- are deleted with them, and their numbers are never given again.
CREATE TABLE IF NOT EXISTS message_log (
    account_id bigint NOT NULL,
    id bigint NOT NULL,
    peer varbinary(3071) NOT NULL,
    stanza mediumblob NOT NULL,
    expires_at bigint,
    PRIMARY KEY (account_id, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS vcards (
    account_id bigint NOT NULL PRIMARY KEY,
    xml mediumblob NOT NULL,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS private_xml (
    account_id bigint NOT NULL,
    namespace varbinary(1023) NOT NULL,
    name varbinary(1023) NOT NULL,
    xml mediumblob NOT NULL,
    PRIMARY KEY (account_id, namespace, name),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS blocked (
    account_id bigint NOT NULL,
    jid varbinary(2600) NOT NULL,
    PRIMARY KEY (account_id, jid),
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- scope: empty for the whole cluster, else the name of a node.
CREATE TABLE IF NOT EXISTS properties (
    scope varbinary(255) NOT NULL,
    name varbinary(255) NOT NULL,
    value mediumblob NOT NULL,
    PRIMARY KEY (scope, name)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS property_changes (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    changed_at bigint NOT NULL,
    actor varbinary(3071) NOT NULL,
    scope varbinary(255) NOT NULL,
    name varbinary(255) NOT NULL,
    value_before mediumblob,
    value_after mediumblob
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS counters (
    name varbinary(255) NOT NULL PRIMARY KEY,
    value bigint NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT IGNORE INTO counters (name, value) VALUES ('properties', 0);

CREATE TABLE IF NOT EXISTS secrets (
    name varbinary(1023) NOT NULL PRIMARY KEY,
    value mediumblob NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

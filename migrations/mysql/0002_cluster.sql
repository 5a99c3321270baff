-- Which cluster exists: one row, id 1. Times here are milliseconds since 1970 by the database's clock,
-- which alone decides about leases and silence. group_id: 16 bytes. lease_until: 0 when nobody holds it.
-- members: number@server of processes, with commas. version: grows with every change but a renewal.
CREATE TABLE IF NOT EXISTS cluster (
    id bigint NOT NULL PRIMARY KEY,
    epoch bigint NOT NULL,
    group_id varbinary(16) NOT NULL,
    lease_seq bigint NOT NULL,
    lease_until bigint NOT NULL,
    members mediumblob NOT NULL,
    next_node_id bigint NOT NULL,
    version bigint NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;
INSERT IGNORE INTO cluster (id, epoch, group_id, lease_seq, lease_until, members, next_node_id, version)
    VALUES (1, 0, x'00000000000000000000000000000000', 0, 0, '', 1, 0);

-- Every server that shares this database, clustered or not: one row for its present life.
CREATE TABLE IF NOT EXISTS cluster_node (
    id bigint NOT NULL PRIMARY KEY,
    server_key varbinary(255) NOT NULL,
    name varbinary(1023) NOT NULL,
    addresses mediumblob NOT NULL,
    version varbinary(255) NOT NULL,
    protocol_min bigint NOT NULL,
    protocol_max bigint NOT NULL,
    standing bigint NOT NULL,
    registered_at bigint NOT NULL,
    heartbeat_at bigint NOT NULL,
    KEY cluster_node_by_server (server_key)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Which cluster exists: one row, id 1. Times here are milliseconds since 1970 by the database's clock,
-- which alone decides about leases and silence. group_id: 16 bytes. lease_until: 0 when nobody holds it.
-- members: number@server of processes, with commas. version: grows with every change but a renewal.
CREATE TABLE cluster (
    id integer PRIMARY KEY,
    epoch bigint NOT NULL,
    group_id blob NOT NULL,
    lease_seq bigint NOT NULL,
    lease_until bigint NOT NULL,
    members text NOT NULL,
    next_node_id bigint NOT NULL,
    version bigint NOT NULL
);
INSERT INTO cluster (id, epoch, group_id, lease_seq, lease_until, members, next_node_id, version)
    VALUES (1, 0, x'00000000000000000000000000000000', 0, 0, '', 1, 0);

-- Every server that shares this database, clustered or not: one row for its present life.
CREATE TABLE cluster_node (
    id bigint PRIMARY KEY,
    server_key text NOT NULL,
    name text NOT NULL,
    addresses text NOT NULL,
    version text NOT NULL,
    protocol_min bigint NOT NULL,
    protocol_max bigint NOT NULL,
    standing bigint NOT NULL,
    registered_at bigint NOT NULL,
    heartbeat_at bigint NOT NULL
);
CREATE INDEX cluster_node_by_server ON cluster_node (server_key);

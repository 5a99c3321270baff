-- What each server used and did, a row for every minute of the last day. at: microseconds since 1970, UTC.
-- cpu_permille: of one core. stanzas_in, stanzas_out: in that minute.
CREATE TABLE node_history (
    server_key text NOT NULL,
    at bigint NOT NULL,
    memory_bytes bigint NOT NULL,
    cpu_permille bigint NOT NULL,
    tasks bigint NOT NULL,
    threads bigint NOT NULL,
    descriptors bigint NOT NULL,
    connections bigint NOT NULL,
    sessions bigint NOT NULL,
    stanzas_in bigint NOT NULL,
    stanzas_out bigint NOT NULL,
    PRIMARY KEY (server_key, at)
) WITHOUT ROWID;
CREATE INDEX node_history_by_time ON node_history (at);

-- Groups of a host's accounts. shown_to: whose rosters show the members: nobody, members, host (everybody of the host),
-- groups (members, and those of the groups in roster_group_viewers).
-- version: the value of the counter 'groups' at the last change of the group, its members or its viewers.
CREATE TABLE IF NOT EXISTS roster_groups (
    id bigint NOT NULL AUTO_INCREMENT PRIMARY KEY,
    host_id bigint NOT NULL,
    name varbinary(1023) NOT NULL,
    display_name mediumblob NOT NULL,
    description mediumblob NOT NULL,
    shown_to varbinary(16) NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE KEY roster_groups_by_name (host_id, name),
    FOREIGN KEY (host_id) REFERENCES hosts (id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS roster_group_members (
    group_id bigint NOT NULL,
    account_id bigint NOT NULL,
    is_admin bigint NOT NULL,
    PRIMARY KEY (group_id, account_id),
    KEY roster_group_members_by_account (account_id),
    FOREIGN KEY (group_id) REFERENCES roster_groups (id) ON DELETE CASCADE,
    FOREIGN KEY (account_id) REFERENCES accounts (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

CREATE TABLE IF NOT EXISTS roster_group_viewers (
    group_id bigint NOT NULL,
    viewer_id bigint NOT NULL,
    PRIMARY KEY (group_id, viewer_id),
    KEY roster_group_viewers_by_viewer (viewer_id),
    FOREIGN KEY (group_id) REFERENCES roster_groups (id) ON DELETE CASCADE,
    FOREIGN KEY (viewer_id) REFERENCES roster_groups (id) ON DELETE CASCADE
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC;

-- Grows with every change of them: whoever changes them holds this row.
INSERT IGNORE INTO counters (name, value) VALUES ('groups', 0);

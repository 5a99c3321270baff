-- Groups of a host's accounts. shown_to: whose rosters show the members: nobody, members, host (everybody of the host),
-- groups (members, and those of the groups in roster_group_viewers).
-- version: the value of the counter 'groups' at the last change of the group, its members or its viewers.
CREATE TABLE roster_groups (
    id integer PRIMARY KEY AUTOINCREMENT,
    host_id bigint NOT NULL REFERENCES hosts (id),
    name text NOT NULL,
    display_name text NOT NULL,
    description text NOT NULL,
    shown_to text NOT NULL,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    UNIQUE (host_id, name)
);

CREATE TABLE roster_group_members (
    group_id bigint NOT NULL REFERENCES roster_groups (id) ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    is_admin bigint NOT NULL,
    PRIMARY KEY (group_id, account_id)
) WITHOUT ROWID;
CREATE INDEX roster_group_members_by_account ON roster_group_members (account_id);

CREATE TABLE roster_group_viewers (
    group_id bigint NOT NULL REFERENCES roster_groups (id) ON DELETE CASCADE,
    viewer_id bigint NOT NULL REFERENCES roster_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (group_id, viewer_id)
) WITHOUT ROWID;
CREATE INDEX roster_group_viewers_by_viewer ON roster_group_viewers (viewer_id);

-- Grows with every change of them: whoever changes them holds this row.
INSERT INTO counters (name, value) VALUES ('groups', 0);

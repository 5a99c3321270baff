-- What an account's name looks like (UTS #39's skeleton); empty: not looked at yet, made by an older server or before this
-- step. Not unique: names that look alike may be meant.
ALTER TABLE accounts ADD COLUMN skeleton text COLLATE "C";
CREATE INDEX accounts_by_look ON accounts (host_id, skeleton);

-- By which version of Unicode all of them were made, as 180000 for 18.0.0.
INSERT INTO counters (name, value) VALUES ('lookalikes', 0);

-- Since when a host is not served, though all of it is kept; empty: it is served.
ALTER TABLE hosts ADD COLUMN disabled_at bigint;

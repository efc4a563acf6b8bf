-- Accounts whose supplier refuses our credentials. Nothing is sent there before a person, other settings or a probe says so.
CREATE TABLE account_pauses (
    account  TEXT PRIMARY KEY,
    status   BIGINT NOT NULL,
    reason   TEXT NOT NULL,
    by_send  BIGINT NOT NULL CHECK (by_send IN (0, 1)),
    level    BIGINT NOT NULL,
    since_at BIGINT NOT NULL,
    probe_at BIGINT
);

-- A keyed digest of what the account's plugin was last started with, secrets included: other settings end a pause.
ALTER TABLE suppliers ADD COLUMN settings_mac TEXT;

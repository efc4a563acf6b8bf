-- How far something that follows the events has come, such as the platform's inbox table.
CREATE TABLE event_positions (
    name     TEXT PRIMARY KEY,
    sequence BIGINT NOT NULL
);

-- Which images were used how often, and whose logs are old, without reading all builds and attempts there ever were.

CREATE INDEX builds_by_builder ON builds (builder_digest, created_at);

ALTER TABLE attempts ADD COLUMN log_removed INTEGER NOT NULL DEFAULT 0 CHECK (log_removed IN (0, 1)); -- 1: a note stands in its place
-- A note is younger than the attempt's end.
UPDATE attempts SET log_removed = 1
  WHERE finished_at < (SELECT at FROM log_chunks WHERE attempt_id = attempts.id ORDER BY first_line LIMIT 1);
CREATE INDEX attempts_with_old_logs ON attempts (finished_at, id) WHERE log_removed = 0;

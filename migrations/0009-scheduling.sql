-- Workers that registered, and the lines in which queued builds wait for them; core/schedule.ts says how.

CREATE TABLE workers (
  name           TEXT PRIMARY KEY,
  session        TEXT NOT NULL,                 -- made anew at each start of the worker
  facts_json     TEXT NOT NULL,                 -- what it said of itself
  draining       INTEGER NOT NULL DEFAULT 0 CHECK (draining IN (0, 1)),
  registered_at  INTEGER NOT NULL,
  last_seen      INTEGER NOT NULL,              -- its last claim, give or take some seconds; heartbeats are in the leases of its attempts
  stopped_at     INTEGER
) STRICT;

-- What queued builds ask of a worker, and the turn of their project at their priority. A line is there as long as a build stands in it; it is rebuilt from
-- the builds where it is missing.
CREATE TABLE queue_lines (
  project         TEXT NOT NULL,
  priority        INTEGER NOT NULL,
  placement_json  TEXT NOT NULL,
  arch            TEXT NOT NULL,
  channel         TEXT NOT NULL,
  turn_at         INTEGER NOT NULL,
  served_turn     INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (project, priority, placement_json)
) STRICT, WITHOUT ROWID;
CREATE INDEX queue_lines_by_turn ON queue_lines (arch, channel, turn_at, served_turn, project);

ALTER TABLE builds ADD COLUMN placement_json TEXT; -- null where an earlier version added the build and it has not been queued since
CREATE INDEX builds_in_line ON builds (project, priority, placement_json, created_at, id, not_before) WHERE status = 'queued';

-- What the attempt may use of its worker.
ALTER TABLE attempts ADD COLUMN cpus REAL NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN memory_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN disk_bytes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN exclusive INTEGER NOT NULL DEFAULT 0 CHECK (exclusive IN (0, 1));
CREATE INDEX attempts_live ON attempts (worker) WHERE status IN ('leased', 'running');

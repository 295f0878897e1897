-- What was asked for, what it resolved to, and every try at it.
-- Times are milliseconds since the epoch, UTC. Columns named *_json hold one JSON document.

CREATE TABLE recipe_revisions (
  digest      TEXT PRIMARY KEY,                 -- sha256 of the canonical recipe
  project     TEXT NOT NULL,
  yaml        TEXT NOT NULL,
  origin      TEXT NOT NULL CHECK (origin IN ('none', 'catalogue', 'request', 'submission')),
  approved    INTEGER NOT NULL CHECK (approved IN (0, 1)),
  created_at  INTEGER NOT NULL
) STRICT;
CREATE INDEX recipe_revisions_by_project ON recipe_revisions (project, created_at);

CREATE TABLE builds (
  id              TEXT PRIMARY KEY,
  key             TEXT NOT NULL UNIQUE,         -- sha256 of everything that decides the result
  project         TEXT NOT NULL,                -- normalised (PEP 503)
  version         TEXT NOT NULL,                -- normalised (PEP 440)
  requirement     TEXT NOT NULL,                -- as asked for (PEP 508)
  sdist_json      TEXT NOT NULL,
  recipe_digest   TEXT NOT NULL REFERENCES recipe_revisions (digest),
  recipe_json     TEXT NOT NULL,                -- what finally applies to this version and target
  policy          TEXT NOT NULL,
  arch            TEXT NOT NULL,
  python          TEXT NOT NULL,
  image           TEXT NOT NULL,                -- name of the image definition
  builder_digest  TEXT NOT NULL,
  channel         TEXT NOT NULL CHECK (channel IN ('stable', 'trial')),
  status          TEXT NOT NULL CHECK (status IN ('planned', 'queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled')),
  priority        INTEGER NOT NULL,             -- smaller is sooner
  not_before      INTEGER NOT NULL DEFAULT 0,   -- backoff after a lost attempt
  lost_attempts   INTEGER NOT NULL DEFAULT 0,   -- since it was asked for or retried by a person
  created_at      INTEGER NOT NULL,
  finished_at     INTEGER
) STRICT;
CREATE INDEX builds_by_status ON builds (status, priority, created_at);
CREATE INDEX builds_by_project ON builds (project, created_at, id);
CREATE INDEX builds_by_recipe ON builds (recipe_digest, version, status);
CREATE INDEX builds_by_age ON builds (created_at, id);

-- A build that waits, and what for. kind 'requires': needs its wheel to build or test. kind 'same-release': the same sdist for another
-- interpreter, whose wheel may turn out to serve this one as well (abi3, pure Python).
CREATE TABLE build_needs (
  build_id    TEXT NOT NULL REFERENCES builds (id),
  needs_id    TEXT NOT NULL REFERENCES builds (id),
  kind        TEXT NOT NULL CHECK (kind IN ('requires', 'same-release')),
  PRIMARY KEY (build_id, needs_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX build_needs_reverse ON build_needs (needs_id);

CREATE TABLE attempts (
  id                TEXT PRIMARY KEY,
  build_id          TEXT NOT NULL REFERENCES builds (id),
  number            INTEGER NOT NULL,           -- 1, 2, … within the build
  status            TEXT NOT NULL CHECK (status IN ('leased', 'running', 'succeeded', 'failed', 'lost', 'cancelled', 'deferred')),
  phase             TEXT CHECK (phase IN ('fetch', 'build', 'repair', 'test', 'publish')),
  worker            TEXT NOT NULL,
  lease_token       TEXT NOT NULL,
  lease_expires_at  INTEGER NOT NULL,
  cancel_requested  INTEGER NOT NULL DEFAULT 0,
  started_at        INTEGER NOT NULL,
  finished_at       INTEGER,
  failure_json      TEXT,
  UNIQUE (build_id, number)
) STRICT;
CREATE INDEX attempts_by_lease ON attempts (status, lease_expires_at);

CREATE TABLE attempt_phases (
  attempt_id   TEXT NOT NULL REFERENCES attempts (id),
  seq          INTEGER NOT NULL,                -- phases repeat: fetch and build loop
  phase        TEXT NOT NULL,
  first_line   INTEGER NOT NULL,                -- of the attempt's log
  started_at   INTEGER NOT NULL,
  finished_at  INTEGER,
  PRIMARY KEY (attempt_id, seq)
) STRICT, WITHOUT ROWID;

-- Everything an attempt took in: sdist, build requirements, system packages, images.
CREATE TABLE attempt_inputs (
  attempt_id  TEXT NOT NULL REFERENCES attempts (id),
  kind        TEXT NOT NULL,
  name        TEXT NOT NULL,
  version     TEXT NOT NULL,
  sha256      TEXT,
  PRIMARY KEY (attempt_id, kind, name, version)
) STRICT, WITHOUT ROWID;

-- The log file's bytes are on disk; a chunk is in the log only once its row is here, so a torn write is overwritten, never shown.
CREATE TABLE log_chunks (
  attempt_id   TEXT NOT NULL REFERENCES attempts (id),
  first_line   INTEGER NOT NULL,                -- 1-based
  line_count   INTEGER NOT NULL,
  byte_offset  INTEGER NOT NULL,
  byte_count   INTEGER NOT NULL,
  at           INTEGER NOT NULL,
  PRIMARY KEY (attempt_id, first_line)
) STRICT, WITHOUT ROWID;

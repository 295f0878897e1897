-- What is on the index. index-server reads these tables and the blobs, and nothing else.

CREATE TABLE projects (
  name           TEXT PRIMARY KEY,              -- normalised (PEP 503)
  owned          INTEGER NOT NULL CHECK (owned IN (0, 1)),  -- 1: uploaded or reserved here, never merged with an upstream (design, invariant 5)
  status         TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'archived', 'quarantined', 'deprecated')),  -- PEP 792
  status_reason  TEXT,
  serial         INTEGER NOT NULL               -- index_serial.value of its last change
) STRICT;
CREATE INDEX projects_by_serial ON projects (serial);

-- Names kept for this organisation. 'acme' keeps the project acme; 'acme-' every project that starts so (PEP 752 semantics).
CREATE TABLE reserved_names (
  name        TEXT PRIMARY KEY,
  created_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE files (
  filename           TEXT PRIMARY KEY,
  project            TEXT NOT NULL REFERENCES projects (name),
  version            TEXT NOT NULL,             -- normalised (PEP 440)
  channel            TEXT NOT NULL CHECK (channel IN ('stable', 'trial')),
  sha256             TEXT NOT NULL,
  size_bytes         INTEGER NOT NULL,
  metadata_sha256    TEXT,                      -- blob of the METADATA file as it is in the wheel; null for an sdist
  requires_python    TEXT,
  upload_time        INTEGER NOT NULL,
  yanked             INTEGER NOT NULL DEFAULT 0 CHECK (yanked IN (0, 1)),
  yanked_reason      TEXT,
  origin             TEXT NOT NULL CHECK (origin IN ('build', 'upload')),
  attempt_id         TEXT REFERENCES attempts (id),
  grafted_json       TEXT NOT NULL DEFAULT '[]',  -- sonames vendored into the wheel
  needs_json         TEXT NOT NULL DEFAULT '[]',  -- sonames the consuming image must bring, glibc aside
  provenance_sha256  TEXT                       -- blob of the PEP 740 provenance object
) STRICT;
CREATE INDEX files_by_project ON files (project, version);
CREATE INDEX files_by_attempt ON files (attempt_id);

-- A deleted file's name is never used again (design, invariant 1).
CREATE TABLE deleted_files (
  filename    TEXT PRIMARY KEY,
  project     TEXT NOT NULL,
  version     TEXT NOT NULL,
  sha256      TEXT NOT NULL,
  deleted_at  INTEGER NOT NULL,
  reason      TEXT NOT NULL
) STRICT;
CREATE INDEX deleted_files_by_project ON deleted_files (project, version);

-- The wheels that answer a build: its own, or one built for another interpreter that serves this one too.
CREATE TABLE build_files (
  build_id  TEXT NOT NULL REFERENCES builds (id),
  filename  TEXT NOT NULL REFERENCES files (filename),
  PRIMARY KEY (build_id, filename)
) STRICT, WITHOUT ROWID;

-- One row. Every change of what the index shows raises it, in the same transaction.
CREATE TABLE index_serial (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  value  INTEGER NOT NULL
) STRICT;
INSERT INTO index_serial (id, value) VALUES (1, 0);

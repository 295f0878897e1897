-- Recipes that someone wants to be used for everybody. The newest approved one of a project is its current recipe, before the catalogue's.

CREATE TABLE submissions (
  id             TEXT PRIMARY KEY,
  project        TEXT NOT NULL,
  recipe_digest  TEXT NOT NULL REFERENCES recipe_revisions (digest),
  requirement    TEXT NOT NULL,                 -- what its trials build
  status         TEXT NOT NULL CHECK (status IN ('open', 'approved', 'rejected')),
  evidence_json  TEXT NOT NULL,                 -- edits of the solve that it comes from, each with its failure; [] for one written by a person
  solve_id       TEXT REFERENCES solves (id),
  created_at     INTEGER NOT NULL,
  decided_at     INTEGER
) STRICT;
CREATE UNIQUE INDEX open_submissions ON submissions (recipe_digest) WHERE status = 'open';
CREATE INDEX submissions_by_project ON submissions (project, status, decided_at);
CREATE INDEX submissions_by_age ON submissions (created_at, id);

CREATE TABLE submission_trials (
  submission_id  TEXT NOT NULL REFERENCES submissions (id),
  build_id       TEXT NOT NULL REFERENCES builds (id),
  PRIMARY KEY (submission_id, build_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE submission_events (
  submission_id  TEXT NOT NULL REFERENCES submissions (id),
  seq            INTEGER NOT NULL,
  action         TEXT NOT NULL CHECK (action IN ('submitted', 'approved', 'rejected')),
  who            TEXT NOT NULL,                 -- name of the token
  reason         TEXT,
  at             INTEGER NOT NULL,
  PRIMARY KEY (submission_id, seq)
) STRICT, WITHOUT ROWID;

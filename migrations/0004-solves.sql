-- Builds that solve themselves: one row per request, one step per build that was tried for it.

CREATE TABLE solves (
  id             TEXT PRIMARY KEY,
  requirement    TEXT NOT NULL,                 -- as asked for
  project        TEXT NOT NULL,
  pythons_json   TEXT NOT NULL,                 -- the first is solved on; the rest become trials of the recipe
  policy         TEXT NOT NULL,
  base_yaml      TEXT,                          -- recipe that edits are merged into; null where there was none
  facts_json     TEXT NOT NULL,                 -- what the search knew beforehand: core/solve-try.ts, SolveFacts
  status         TEXT NOT NULL CHECK (status IN ('running', 'solved', 'gave-up', 'cancelled')),
  reason         TEXT,                          -- why it gave up, and what was tried
  recipe         TEXT,                          -- the recipe that works; null where none is needed
  solved_by      TEXT REFERENCES builds (id),   -- the build whose recipe works
  submission_id  TEXT,
  asked_by       TEXT NOT NULL,                 -- name of the token
  created_at     INTEGER NOT NULL,
  finished_at    INTEGER
) STRICT;
CREATE INDEX solves_by_status ON solves (status, created_at);

CREATE TABLE solve_steps (
  solve_id    TEXT NOT NULL REFERENCES solves (id),
  number      INTEGER NOT NULL,                 -- 1, 2, …
  build_id    TEXT NOT NULL REFERENCES builds (id),
  purpose     TEXT NOT NULL CHECK (purpose IN ('first', 'edit', 'older-release', 'without')),
  version     TEXT NOT NULL,
  edits_json  TEXT NOT NULL,                    -- the edits of its recipe, each with the failure that led to it
  parent      INTEGER,                          -- number of the step that it changes
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (solve_id, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX solve_steps_by_build ON solve_steps (build_id);

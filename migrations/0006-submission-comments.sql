-- What reviewers and authors say to each other about a submitted recipe, before and after it is decided.

CREATE TABLE submission_comments (
  submission_id  TEXT NOT NULL REFERENCES submissions (id),
  seq            INTEGER NOT NULL,
  who            TEXT NOT NULL,                 -- name of the token
  text           TEXT NOT NULL,
  line           INTEGER,                       -- 1-based, of the submitted recipe; NULL where it is about the whole
  at             INTEGER NOT NULL,
  PRIMARY KEY (submission_id, seq)
) STRICT, WITHOUT ROWID;

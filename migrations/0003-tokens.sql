CREATE TABLE tokens (
  id           TEXT PRIMARY KEY,
  secret_hash  TEXT NOT NULL UNIQUE,            -- sha256 of the secret; the secret itself is shown once
  name         TEXT NOT NULL,
  scopes_json  TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  revoked_at   INTEGER
) STRICT;

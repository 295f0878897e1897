-- The x86-64 level that a wheel was compiled for and may need. NULL: every processor of its architecture will do.

ALTER TABLE files ADD COLUMN cpu TEXT CHECK (cpu IN ('x86-64-v2', 'x86-64-v3'));

-- What a project's name looks like: equal for names that a person may take for each other. As core/look-alike.ts computes it; a test compares the two.

ALTER TABLE projects ADD COLUMN skeleton TEXT GENERATED ALWAYS AS (
  replace(replace(replace(replace(replace(replace(replace(name, '-', ''), '1', 'l'), 'i', 'l'), '0', 'o'), '5', 's'), 'rn', 'm'), 'vv', 'w')
) VIRTUAL;
CREATE INDEX projects_by_skeleton ON projects (skeleton);

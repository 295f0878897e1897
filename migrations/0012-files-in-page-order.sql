-- What a project's page and the root page ask for first is all in the index, in the order of the page: no row is read for it, and nothing sorted.

DROP INDEX files_by_project;
CREATE INDEX files_by_project ON files (project, upload_time, filename, channel, version);

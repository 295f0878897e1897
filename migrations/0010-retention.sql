-- What housekeeping looks for. Without the first, also every removal of a file reads the whole table for the sake of its foreign key.

CREATE INDEX build_files_by_file ON build_files (filename);
CREATE INDEX files_on_trial ON files (upload_time) WHERE channel = 'trial';

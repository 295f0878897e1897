-- Where the index had offered a file that was deleted: there an upstream's file of its name stays away. Until now only trials were deleted.

ALTER TABLE deleted_files ADD COLUMN channel TEXT NOT NULL DEFAULT 'trial' CHECK (channel IN ('stable', 'trial'));

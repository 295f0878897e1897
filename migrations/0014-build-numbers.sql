-- The lowest build number with which the wheel has none of the names that the upstream gave the release's when the build was planned; NULL where it needs none.

ALTER TABLE builds ADD COLUMN build_tag INTEGER;

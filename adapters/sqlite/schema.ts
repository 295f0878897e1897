// The tables of migrations/, as Kysely sees them. Times are milliseconds since the epoch; columns named *_json hold one JSON document.
import type { ColumnType, Generated } from 'kysely';
import type { AttemptStatus } from '../../core/attempt.js';
import type { BuildStatus, Channel } from '../../core/build.js';
import type { Phase } from '../../core/phase.js';
import type { CpuLevel } from '../../core/recipe/recipe.js';
import type { SubmissionRecord, SubmissionStatus } from '../../core/review.js';
import type { ProjectStatus } from '../../core/simple-index.js';
import type { SolveStatus } from '../../core/solve-store.js';
import type { TryPurpose } from '../../core/solve-try.js';
import type { RecipeRevision } from '../../core/store.js';

export interface RecipeRevisionsTable {
  digest: string;
  project: string;
  yaml: string;
  origin: RecipeRevision['origin'];
  approved: 0 | 1;
  created_at: number;
}

export interface BuildsTable {
  id: string;
  key: string;
  project: string;
  version: string;
  requirement: string;
  sdist_json: string;
  recipe_digest: string;
  recipe_json: string;
  policy: string;
  arch: string;
  python: string;
  image: string;
  builder_digest: string;
  channel: Channel;
  status: BuildStatus;
  priority: number;
  not_before: Generated<number>;
  lost_attempts: Generated<number>;
  created_at: number;
  finished_at: number | null;
  placement_json: string | null;
  build_tag: number | null;
}

export interface WorkersTable {
  name: string;
  session: string;
  facts_json: string;
  draining: Generated<0 | 1>;
  registered_at: number;
  last_seen: number;
  stopped_at: number | null;
}

export interface QueueLinesTable {
  project: string;
  priority: number;
  placement_json: string;
  arch: string;
  channel: Channel;
  turn_at: number;
  served_turn: Generated<number>;
}

export type NeedKind = 'requires' | 'same-release';

export interface BuildNeedsTable {
  build_id: string;
  needs_id: string;
  kind: NeedKind;
}

export interface AttemptsTable {
  id: string;
  build_id: string;
  number: number;
  status: AttemptStatus;
  phase: Phase | null;
  worker: string;
  lease_token: string;
  lease_expires_at: number;
  cancel_requested: 0 | 1;
  started_at: number;
  finished_at: number | null;
  failure_json: string | null;
  cpus: Generated<number>;
  memory_bytes: Generated<number>;
  disk_bytes: Generated<number>;
  exclusive: Generated<0 | 1>;
  log_removed: Generated<0 | 1>;
}

export interface AttemptPhasesTable {
  attempt_id: string;
  seq: number;
  phase: Phase;
  first_line: number;
  started_at: number;
  finished_at: number | null;
}

export interface AttemptInputsTable {
  attempt_id: string;
  kind: string;
  name: string;
  version: string;
  sha256: string | null;
}

export interface LogChunksTable {
  attempt_id: string;
  first_line: number;
  line_count: number;
  byte_offset: number;
  byte_count: number;
  at: number;
}

export interface ProjectsTable {
  name: string;
  owned: 0 | 1;
  status: ProjectStatus;
  status_reason: string | null;
  serial: number;
  /** Computed by SQLite. */
  skeleton: ColumnType<string, never, never>;
}

export interface FilesTable {
  filename: string;
  project: string;
  version: string;
  channel: Channel;
  sha256: string;
  size_bytes: number;
  metadata_sha256: string | null;
  requires_python: string | null;
  upload_time: number;
  yanked: 0 | 1;
  yanked_reason: string | null;
  origin: 'build' | 'upload';
  attempt_id: string | null;
  grafted_json: string;
  needs_json: string;
  provenance_sha256: string | null;
  cpu: CpuLevel | null;
}

export interface DeletedFilesTable {
  filename: string;
  project: string;
  version: string;
  sha256: string;
  deleted_at: number;
  reason: string;
  channel: Generated<Channel>;
}

export interface TokensTable {
  id: string;
  secret_hash: string;
  name: string;
  scopes_json: string;
  created_at: number;
  revoked_at: number | null;
}

export interface SolvesTable {
  id: string;
  requirement: string;
  project: string;
  pythons_json: string;
  policy: string;
  base_yaml: string | null;
  facts_json: string;
  status: SolveStatus;
  reason: string | null;
  recipe: string | null;
  solved_by: string | null;
  submission_id: string | null;
  asked_by: string;
  created_at: number;
  finished_at: number | null;
}

export interface SolveStepsTable {
  solve_id: string;
  number: number;
  build_id: string;
  purpose: TryPurpose;
  version: string;
  edits_json: string;
  parent: number | null;
  created_at: number;
}

export interface SubmissionsTable {
  id: string;
  project: string;
  recipe_digest: string;
  requirement: string;
  status: SubmissionStatus;
  evidence_json: string;
  solve_id: string | null;
  created_at: number;
  decided_at: number | null;
}

export interface SubmissionEventsTable {
  submission_id: string;
  seq: number;
  action: SubmissionRecord['history'][number]['action'];
  who: string;
  reason: string | null;
  at: number;
}

export interface SubmissionCommentsTable {
  submission_id: string;
  seq: number;
  who: string;
  text: string;
  line: number | null;
  at: number;
}

export interface Tables {
  workers: WorkersTable;
  queue_lines: QueueLinesTable;
  recipe_revisions: RecipeRevisionsTable;
  builds: BuildsTable;
  build_needs: BuildNeedsTable;
  attempts: AttemptsTable;
  attempt_phases: AttemptPhasesTable;
  attempt_inputs: AttemptInputsTable;
  log_chunks: LogChunksTable;
  projects: ProjectsTable;
  reserved_names: { name: string; created_at: number };
  files: FilesTable;
  deleted_files: DeletedFilesTable;
  build_files: { build_id: string; filename: string };
  index_serial: { id: number; value: number };
  tokens: TokensTable;
  solves: SolvesTable;
  solve_steps: SolveStepsTable;
  submissions: SubmissionsTable;
  submission_trials: { submission_id: string; build_id: string };
  submission_events: SubmissionEventsTable;
  submission_comments: SubmissionCommentsTable;
}

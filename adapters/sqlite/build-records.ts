// Rows to records: a page of builds takes a fixed number of queries, whatever its length.
import type { Selectable } from 'kysely';
import type { AttemptRecord, BuildRecord, FileRecord, PlannedBuild } from '../../core/store.js';
import { parseEffectiveRecipe, parseFailure, parseSdist, parseStrings } from './columns.js';
import type { Database } from './database.js';
import type { AttemptPhasesTable, AttemptsTable, BuildsTable, FilesTable } from './schema.js';

/** The builds of these rows, in their order. */
export async function loadBuilds(db: Database, rows: readonly Selectable<BuildsTable>[]): Promise<BuildRecord[]> {
  if (rows.length === 0) return [];
  const ids = rows.map(({ id }) => id);
  const attempts = await loadAttempts(db, ids);
  const needs = await db
    .selectFrom('build_needs')
    .selectAll()
    .where('build_id', 'in', ids)
    .orderBy('needs_id')
    .execute();
  const files = await db
    .selectFrom('build_files')
    .innerJoin('files', 'files.filename', 'build_files.filename')
    .selectAll('files')
    .select('build_files.build_id')
    .where('build_files.build_id', 'in', ids)
    .orderBy('files.filename')
    .execute();
  return rows.map((row) => ({
    ...plannedOf(row),
    id: row.id,
    status: row.status,
    createdAt: row.created_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    attempts: attempts.filter(({ buildId }) => buildId === row.id).map(({ buildId: _, ...attempt }) => attempt),
    files: files.filter(({ build_id }) => build_id === row.id).map(fileOf),
    needs: needs.filter(({ build_id }) => build_id === row.id).map(({ needs_id }) => needs_id),
  }));
}

/** The attempts of these builds, oldest first. */
export async function loadAttempts(
  db: Database,
  buildIds: readonly string[],
): Promise<(AttemptRecord & { buildId: string })[]> {
  const rows = await db
    .selectFrom('attempts')
    .selectAll()
    .where('build_id', 'in', buildIds)
    .orderBy('number')
    .execute();
  return withPhases(db, rows);
}

export async function withPhases(
  db: Database,
  rows: readonly Selectable<AttemptsTable>[],
): Promise<(AttemptRecord & { buildId: string })[]> {
  if (rows.length === 0) return [];
  const phases = await db
    .selectFrom('attempt_phases')
    .selectAll()
    .where(
      'attempt_id',
      'in',
      rows.map(({ id }) => id),
    )
    .orderBy('seq')
    .execute();
  return rows.map((row) => ({
    id: row.id,
    buildId: row.build_id,
    number: row.number,
    status: row.status,
    ...(row.phase === null ? {} : { phase: row.phase }),
    worker: row.worker,
    startedAt: row.started_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
    ...(row.failure_json === null ? {} : { failure: parseFailure(row.failure_json) }),
    phases: phases.filter(({ attempt_id }) => attempt_id === row.id).map(phaseOf),
  }));
}

function phaseOf(row: Selectable<AttemptPhasesTable>): AttemptRecord['phases'][number] {
  return {
    phase: row.phase,
    firstLine: row.first_line,
    startedAt: row.started_at,
    ...(row.finished_at === null ? {} : { finishedAt: row.finished_at }),
  };
}

export function plannedOf(row: Selectable<BuildsTable>): PlannedBuild {
  return {
    key: row.key,
    project: row.project,
    version: row.version,
    requirement: row.requirement,
    sdist: parseSdist(row.sdist_json),
    recipeDigest: row.recipe_digest,
    recipe: parseEffectiveRecipe(row.recipe_json),
    target: {
      policy: row.policy,
      arch: row.arch,
      python: row.python,
      image: row.image,
      builderDigest: row.builder_digest,
    },
    channel: row.channel,
    priority: row.priority,
  };
}

export function fileOf(row: Selectable<FilesTable>): FileRecord {
  return {
    filename: row.filename,
    project: row.project,
    version: row.version,
    channel: row.channel,
    sha256: row.sha256,
    sizeBytes: row.size_bytes,
    ...(row.metadata_sha256 === null ? {} : { metadataSha256: row.metadata_sha256 }),
    ...(row.requires_python === null ? {} : { requiresPython: row.requires_python }),
    uploadTime: row.upload_time,
    ...(row.yanked === 0 ? {} : { yanked: row.yanked_reason ?? true }),
    origin: row.origin,
    ...(row.attempt_id === null ? {} : { attemptId: row.attempt_id }),
    grafted: parseStrings(row.grafted_json),
    needs: parseStrings(row.needs_json),
    ...(row.cpu === null ? {} : { cpu: row.cpu }),
    ...(row.provenance_sha256 === null ? {} : { provenanceSha256: row.provenance_sha256 }),
  };
}

// Rows to records: a page of builds takes a fixed number of queries, whatever its length.
import { type RawBuilder, type Selectable, sql } from 'kysely';
import type { AttemptRecord, BuildRecord, FileRecord, PlannedBuild } from '../../core/store.js';
import { parseEffectiveRecipe, parseFailure, parseSdist, parseStrings } from './columns.js';
import type { Database } from './database.js';
import { hostedFileOf } from './hosted-file.js';
import { prepared } from './prepared.js';
import type { AttemptPhasesTable, AttemptsTable, BuildNeedsTable, BuildsTable, FilesTable } from './schema.js';

/** Ids as JSON, so that any number of them is the same statement. */
interface Ids {
  ids: string;
}
const among = (ids: string): RawBuilder<string> => sql`(SELECT value FROM json_each(${ids}))`;

const attemptsOf = prepared<Ids, Selectable<AttemptsTable>>((db, value) =>
  db
    .selectFrom('attempts')
    .selectAll()
    .where('build_id', 'in', among(value('ids')))
    .orderBy('number')
    .compile(),
);
const phasesOf = prepared<Ids, Selectable<AttemptPhasesTable>>((db, value) =>
  db
    .selectFrom('attempt_phases')
    .selectAll()
    .where('attempt_id', 'in', among(value('ids')))
    .orderBy('seq')
    .compile(),
);
const needsOf = prepared<Ids, Selectable<BuildNeedsTable>>((db, value) =>
  db
    .selectFrom('build_needs')
    .selectAll()
    .where('build_id', 'in', among(value('ids')))
    .orderBy('needs_id')
    .compile(),
);
const filesOf = prepared<Ids, Selectable<FilesTable> & { build_id: string }>((db, value) =>
  db
    .selectFrom('build_files')
    .innerJoin('files', 'files.filename', 'build_files.filename')
    .selectAll('files')
    .select('build_files.build_id')
    .where('build_files.build_id', 'in', among(value('ids')))
    .orderBy('files.filename')
    .compile(),
);

/** The builds of these rows, in their order. */
export async function loadBuilds(db: Database, rows: readonly Selectable<BuildsTable>[]): Promise<BuildRecord[]> {
  if (rows.length === 0) return [];
  const builds = rows.map(({ id }) => id);
  const attempts = await loadAttempts(db, builds);
  const ids = JSON.stringify(builds);
  const { rows: needs } = await needsOf(db, { ids });
  const { rows: files } = await filesOf(db, { ids });
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
async function loadAttempts(
  db: Database,
  buildIds: readonly string[],
): Promise<(AttemptRecord & { buildId: string })[]> {
  const { rows } = await attemptsOf(db, { ids: JSON.stringify(buildIds) });
  return withPhases(db, rows);
}

export async function withPhases(
  db: Database,
  rows: readonly Selectable<AttemptsTable>[],
): Promise<(AttemptRecord & { buildId: string })[]> {
  if (rows.length === 0) return [];
  const { rows: phases } = await phasesOf(db, { ids: JSON.stringify(rows.map(({ id }) => id)) });
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
    ...(row.build_tag === null ? {} : { buildTag: row.build_tag }),
  };
}

export function fileOf(row: Selectable<FilesTable>): FileRecord {
  return {
    ...hostedFileOf(row),
    origin: row.origin,
    ...(row.attempt_id === null ? {} : { attemptId: row.attempt_id }),
    grafted: parseStrings(row.grafted_json),
    needs: parseStrings(row.needs_json),
    ...(row.cpu === null ? {} : { cpu: row.cpu }),
  };
}

// The lines in which queued builds wait for a worker, as core/schedule.ts has them. They follow from the builds, and are mended where they do not.
import { type Selectable, sql } from 'kysely';
import { transitionBuild } from '../../core/build.js';
import { placementOf } from '../../core/resources.js';
import { byTurn, firstTurn, nextTurn, type QueueLine } from '../../core/schedule.js';
import type { WorkerCapacity } from '../../core/worker.js';
import { parseEffectiveRecipe, parsePlacement } from './columns.js';
import type { Database } from './database.js';
import { prepared } from './prepared.js';
import type { BuildsTable, QueueLinesTable } from './schema.js';

/** A line with the text under which it stands in the table. */
export type StoredLine = QueueLine & { placementJson: string };

/** What decides in which line a build stands. */
export type Standing = Pick<Selectable<BuildsTable>, 'project' | 'priority' | 'arch' | 'channel'> & {
  placement_json: string;
};

type Place = Pick<StoredLine, 'project' | 'priority' | 'placementJson'>;

const insertLine = prepared<Standing & { firstTurn: number }>((db, value) =>
  sql<never>`
    INSERT INTO queue_lines (project, priority, placement_json, arch, channel, turn_at)
    VALUES (${value('project')}, ${value('priority')}, ${value('placement_json')}, ${value('arch')}, ${value('channel')}, coalesce(
      (SELECT max(turn_at) FROM queue_lines WHERE project = ${value('project')} AND priority = ${value('priority')}), ${value('firstTurn')}))
    ON CONFLICT DO NOTHING`.compile(db),
);
const readyIn = prepared<Place & { now: number }, { ready: number }>((db, value) =>
  sql<{ ready: number }>`
    SELECT ${hasBuild(value('now'))} AS ready FROM queue_lines AS line
     WHERE project = ${value('project')} AND priority = ${value('priority')} AND placement_json = ${value('placementJson')}`.compile(
    db,
  ),
);
const deleteEmpty = prepared<Place>((db, value) =>
  sql<never>`
    DELETE FROM queue_lines AS line
     WHERE project = ${value('project')} AND priority = ${value('priority')} AND placement_json = ${value('placementJson')}
       AND NOT ${hasBuild()}`.compile(db),
);
const startFirst = prepared<Place & { now: number }, Selectable<BuildsTable>>((db, value) =>
  sql<Selectable<BuildsTable>>`
    UPDATE builds SET status = ${transitionBuild('queued', 'claim')} WHERE id = (
      SELECT id FROM builds WHERE status = 'queued' AND project = ${value('project')} AND priority = ${value('priority')}
         AND placement_json = ${value('placementJson')} AND not_before <= ${value('now')} ORDER BY created_at, id LIMIT 1)
    RETURNING *`.compile(db),
);
const giveTurn = prepared<Place & { turnAt: number }>((db, value) =>
  sql<never>`
    UPDATE queue_lines
       SET turn_at = ${value('turnAt')}, served_turn = iif(placement_json = ${value('placementJson')}, ${value('turnAt')}, served_turn)
     WHERE project = ${value('project')} AND priority = ${value('priority')}`.compile(db),
);

type Kind = Pick<Standing, 'arch' | 'channel'> & { now: number; limit: number };
const linesOfKind = (onlyReady: boolean) =>
  prepared<Kind, Row>((db, value) => {
    const ready = onlyReady ? sql`AND ${hasBuild(value('now'))}` : sql``;
    return sql<Row>`
      SELECT project, priority, placement_json, turn_at, served_turn FROM queue_lines AS line
       WHERE arch = ${value('arch')} AND channel = ${value('channel')} ${ready}
       ORDER BY turn_at, served_turn, project LIMIT ${value('limit')}`.compile(db);
  });
const firstLines = linesOfKind(false);
const firstReadyLines = linesOfKind(true);

/** Sees to it that there is a line for a build that is queued now. A project that has one already keeps its turn. */
export async function joinLine(trx: Database, build: Standing, now: number): Promise<void> {
  await insertLine(trx, { ...build, firstTurn: firstTurn(build.priority, now) });
}

/**
 * The lines that workers of these architectures and channels can be served from, by turn.
 * @param limit of lines for each architecture and channel
 * @param onlyReady leaves out those without a build that can be tried now; else whoever takes from a line may find it so
 * @returns also whether there are more
 */
export async function linesFor(
  trx: Database,
  { architectures, trust }: Pick<WorkerCapacity, 'architectures' | 'trust'>,
  now: number,
  { limit, onlyReady }: { limit: number; onlyReady: boolean },
): Promise<{ lines: StoredLine[]; more: boolean }> {
  const kinds = architectures.flatMap((arch) => trust.map((channel) => ({ arch, channel })));
  const read = onlyReady ? firstReadyLines : firstLines;
  const rows: Row[] = [];
  for (const kind of kinds) rows.push(...(await read(trx, { ...kind, now, limit })).rows);
  const lines = rows.map(lineOf).sort(byTurn);
  // Beyond the end of a full page there may be lines that come before what the other pages still hold.
  const ends = kinds.flatMap(({ arch, channel }) => {
    const page = lines.filter(({ placement }) => placement.arch === arch && placement.channel === channel);
    return page.length < limit ? [] : (page.at(-1)?.turnAt ?? 0);
  });
  return { lines: lines.filter(({ turnAt }) => ends.every((end) => turnAt <= end)), more: ends.length > 0 };
}

/** Whether a build stands in the line that can be tried now. */
export async function isReady(
  trx: Database,
  { project, priority, placementJson }: StoredLine,
  now: number,
): Promise<boolean> {
  return (await readyIn(trx, { project, priority, placementJson, now })).rows[0]?.ready === 1;
}

/** A line in which no build stands goes. */
export async function dropEmpty(trx: Database, { project, priority, placementJson }: StoredLine): Promise<void> {
  await deleteEmpty(trx, { project, priority, placementJson });
}

/** The build that is first in a line, with all its columns; it is running from now on. */
export async function takeFirst(
  trx: Database,
  { project, priority, placementJson }: StoredLine,
  now: number,
): Promise<Selectable<BuildsTable> | undefined> {
  return (await startFirst(trx, { project, priority, placementJson, now })).rows[0];
}

/**
 * The project was served from this line: all its lines of that priority get its next turn, and this one goes where nobody else stands in it. Left for later, such lines
 * would be gone through at each claim; one that is made anew gets no earlier turn.
 */
export async function serveLine(trx: Database, line: StoredLine, now: number): Promise<void> {
  await dropEmpty(trx, line);
  const { project, priority, placementJson } = line;
  await giveTurn(trx, { project, priority, placementJson, turnAt: nextTurn(priority, line.turnAt, now) });
}

/** The build whose turn is first, whatever workers there are. */
export async function nextBuild(db: Database, now: number): Promise<{ id: string; createdAt: number } | undefined> {
  const { rows } = await sql<{ id: string; createdAt: number }>`
    SELECT builds.id, builds.created_at AS createdAt
      FROM (SELECT * FROM queue_lines AS line WHERE ${hasBuild(now)} ORDER BY turn_at, served_turn, project LIMIT 1) AS line
      JOIN builds ON builds.status = 'queued' AND builds.project = line.project AND builds.priority = line.priority
                 AND builds.placement_json = line.placement_json
     WHERE builds.not_before <= ${now} ORDER BY builds.created_at, builds.id LIMIT 1`.execute(db);
  return rows[0];
}

export async function mendLines(trx: Database, now: number): Promise<number> {
  const unplaced = await trx
    .selectFrom('builds')
    .select(['id', 'recipe_json', 'arch', 'channel'])
    // Those that have not ended, in words that an index serves: builds that have are kept for good.
    .where('status', 'in', ['planned', 'queued', 'waiting', 'running'])
    .where('placement_json', 'is', null)
    .execute();
  for (const build of unplaced) {
    await trx
      .updateTable('builds')
      .set({ placement_json: placementText(build) })
      .where('id', '=', build.id)
      .execute();
  }
  const { rows: outside } = await sql<Standing>`
    SELECT DISTINCT project, priority, placement_json, arch, channel FROM builds
     WHERE status = 'queued' AND NOT EXISTS (
       SELECT 1 FROM queue_lines AS line WHERE line.project = builds.project AND line.priority = builds.priority
          AND line.placement_json = builds.placement_json)`.execute(trx);
  for (const build of outside) await joinLine(trx, build, now);
  await sql`DELETE FROM queue_lines AS line WHERE NOT ${hasBuild()}`.execute(trx);
  const ready = await trx
    .selectFrom('builds')
    .select((builds) => builds.fn.countAll<number>().as('count'))
    .where('status', '=', 'queued')
    .where('not_before', '<=', now)
    .executeTakeFirstOrThrow();
  return ready.count;
}

export function placementText(build: Pick<Selectable<BuildsTable>, 'recipe_json' | 'arch' | 'channel'>): string {
  return JSON.stringify(placementOf(parseEffectiveRecipe(build.recipe_json), build, build.channel));
}

/** Whether a build stands in the line, or one that can be tried by then. The status is no parameter, since the index is of queued builds only. */
function hasBuild(now?: number) {
  const due = now === undefined ? sql`` : sql`AND builds.not_before <= ${now}`;
  return sql`EXISTS (
    SELECT 1 FROM builds WHERE builds.status = 'queued' AND builds.project = line.project
       AND builds.priority = line.priority AND builds.placement_json = line.placement_json ${due})`;
}

type Row = Pick<Selectable<QueueLinesTable>, 'project' | 'priority' | 'placement_json' | 'turn_at' | 'served_turn'>;

function lineOf({ project, priority, placement_json, turn_at, served_turn }: Row): StoredLine {
  return {
    project,
    priority,
    placement: parsePlacement(placement_json),
    placementJson: placement_json,
    turnAt: turn_at,
    servedTurn: served_turn,
  };
}

// The one way in which a build gets another status.
import type { Selectable } from 'kysely';
import { type BuildEvent, type BuildStatus, transitionBuild } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Database } from './database.js';
import { prepared } from './prepared.js';
import { joinLine, placementText } from './queue-lines.js';
import type { BuildsTable } from './schema.js';

type Changes = Pick<Selectable<BuildsTable>, 'finished_at' | 'lost_attempts' | 'not_before'>;
type Standing = Pick<
  Selectable<BuildsTable>,
  'status' | 'project' | 'priority' | 'arch' | 'channel' | 'placement_json'
>;

const standingOf = prepared<{ id: string }, Standing & Changes>((db, value) =>
  db
    .selectFrom('builds')
    .select(['status', 'project', 'priority', 'arch', 'channel', 'placement_json'])
    .select(['finished_at', 'lost_attempts', 'not_before'])
    .where('id', '=', value('id'))
    .compile(),
);
const writeStatus = prepared<{ id: string; was: BuildStatus; status: BuildStatus } & Changes>((db, value) =>
  db
    .updateTable('builds')
    .set({
      status: value('status'),
      finished_at: value('finished_at'),
      lost_attempts: value('lost_attempts'),
      not_before: value('not_before'),
    })
    .where('id', '=', value('id'))
    .where('status', '=', value('was'))
    .compile(),
);

/**
 * Changes a build's status by an event, checked against the status that it has at that moment. One that is queued by it stands in its line.
 * @throws WheelwrightError `not-found`, or `conflict` when the event cannot happen now
 */
export async function moveBuild(
  trx: Database,
  id: string,
  event: BuildEvent,
  now: number,
  changes: Partial<Changes> = {},
): Promise<void> {
  const [build] = (await standingOf(trx, { id })).rows;
  if (build === undefined) throw unknownBuild(id);
  const status = transitionBuild(build.status, event);
  const { finished_at, lost_attempts, not_before, status: was } = build;
  const moved = await writeStatus(trx, { finished_at, lost_attempts, not_before, ...changes, id, was, status });
  if (moved.numAffectedRows !== 1n) {
    throw new WheelwrightError('conflict', `build ${id} changed at the same moment`, { hint: 'Ask again.' });
  }
  if (status !== 'queued') return;
  let { placement_json } = build;
  if (placement_json === null) {
    const { recipe_json } = await trx
      .selectFrom('builds')
      .select('recipe_json')
      .where('id', '=', id)
      .executeTakeFirstOrThrow();
    placement_json = placementText({ ...build, recipe_json });
    await trx.updateTable('builds').set({ placement_json }).where('id', '=', id).execute();
  }
  await joinLine(trx, { ...build, placement_json }, now);
}

export function unknownBuild(id: string): WheelwrightError {
  return new WheelwrightError('not-found', `there is no build ${JSON.stringify(id)}`, {
    hint: '`wheelwright list` shows the builds and their ids.',
  });
}

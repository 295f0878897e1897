import { setTimeout as sleep } from 'node:timers/promises';
import { isFinished } from '../core/build.js';
import type { Client } from './client.js';
import type { AttemptEvent, Build } from './contract.js';

/** What happens to a build: its own changes, and the events of its attempts with the number of the attempt. */
export type BuildEvent = { event: 'build'; build: Build } | (AttemptEvent & { attempt: number });

// Short, so that a wait for a worker adds next to nothing to a build.
const POLL_MS = 200;

/**
 * Follows a build through all its attempts until it ends; the last event is the finished build.
 * @param logs false leaves out the lines of attempts that had ended before
 * @throws what {@link Client.events} throws
 */
export async function* followBuild(
  client: Client,
  id: string,
  signal: AbortSignal,
  logs = true,
): AsyncGenerator<BuildEvent> {
  let followed = 0;
  let known = '';
  for (;;) {
    const build = await client.build(id, signal);
    const state = `${build.status} ${build.attempts.length} ${build.needs.join()}`;
    if (state !== known) yield { event: 'build', build };
    known = state;
    const next = build.attempts.find(({ number }) => number > followed);
    if (next !== undefined && (logs || next.finishedAt === undefined)) {
      for await (const event of client.events(next.id, 0, signal)) yield { ...event, attempt: next.number };
    }
    if (next !== undefined) {
      followed = next.number;
      continue;
    }
    if (isFinished(build.status)) return;
    await sleep(POLL_MS, undefined, { signal });
  }
}

import type { Client } from '../client/client.js';
import type { Build } from '../client/contract.js';
import { type BuildEvent, followBuild } from '../client/follow.js';
import { outcomeOf } from './build-report.js';
import { nameOfBuild } from './format.js';
import type { Terminal } from './terminal.js';

/**
 * Shows builds, and those that they wait for, until all have ended.
 * @returns the builds asked for, finished, in the same order
 */
export async function watchBuilds(
  client: Client,
  builds: readonly Build[],
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Build[]> {
  const progress = terminal.progress();
  const watched = new Map<string, Promise<Build>>();
  const watch = (id: string, row: string): Promise<Build> => {
    const running = watched.get(id) ?? watchOne(id, row);
    watched.set(id, running);
    return running;
  };
  const watchOne = async (id: string, row: string): Promise<Build> => {
    let build: Build | undefined;
    for await (const event of followBuild(client, id, signal, false)) {
      if (event.event === 'build') build = event.build;
      await show(event, row);
    }
    if (build === undefined) throw new Error(`build ${id} ended without a state`);
    progress.end(row, outcomeOf(build), build.status === 'succeeded' ? 'good' : 'bad');
    return build;
  };
  const show = async (event: BuildEvent, row: string): Promise<void> => {
    if (event.event === 'line') return progress.detail(row, event.text);
    if (event.event === 'phase') return progress.set(row, event.phase);
    if (event.event !== 'build' || event.build.status === 'succeeded' || event.build.status === 'failed') return;
    if (event.build.status !== 'waiting') return progress.set(row, event.build.status);
    const needed = await Promise.all(event.build.needs.map((need) => client.build(need, signal)));
    for (const need of needed) {
      // Its failure is told by the build that waits.
      watch(need.id, nameOfBuild(need)).catch(() => undefined);
    }
    progress.set(row, `waiting for ${needed.map(nameOfBuild).join(', ')}`);
  };
  try {
    return await Promise.all(builds.map((build) => watch(build.id, nameOfBuild(build))));
  } finally {
    progress.close();
  }
}

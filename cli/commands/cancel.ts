import { Command } from 'commander';
import type { Client } from '../../client/client.js';
import type { Build } from '../../client/contract.js';
import { isFinished } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import { outcomeOf } from '../build-report.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { findBuild } from '../find-build.js';
import { nameOfBuild } from '../format.js';
import { withServiceData } from '../service/session.js';

interface CancelOptions {
  all?: boolean;
  json?: boolean;
}

/** Calls at the same time, where many builds are cancelled. */
const AT_ONCE = 16;

export function cancelCommand(cli: Cli): Command {
  return new Command('cancel')
    .description('stop builds, whether they wait or are being built')
    .argument('[build...]', 'ids of builds, or projects for their newest builds')
    .option('--all', 'every build that has not ended')
    .option('--json', 'print {"builds": [...]} as the API gives them')
    .action((references: string[], options: CancelOptions) => cancel(cli, references, options));
}

async function cancel(cli: Cli, references: readonly string[], options: CancelOptions): Promise<void> {
  if (references.length > 0 === (options.all === true)) {
    throw new WheelwrightError('invalid', 'say which builds, or --all', {
      hint: './wheelwright list shows the builds with their ids.',
    });
  }
  await withServiceData(cli, async ({ client }) => {
    const found = options.all
      ? await unfinished(client, cli.signal)
      : await Promise.all(references.map((reference) => findBuild(client, reference, cli.signal)));
    const builds: Build[] = [];
    // First what waits for others: it would fail when those are cancelled.
    for (const waits of [true, false]) {
      const now = found.filter(({ status }) => (status === 'waiting') === waits);
      const { cancelled, endedBefore } = await cancelEach(cli, client, now);
      builds.push(...cancelled);
      for (const build of endedBefore)
        cli.terminal.note(`${build.id}  ${nameOfBuild(build)} had ended before: ${build.status}`);
      if (endedBefore.length > 0 && !options.all) cli.exitCode = EXIT.failed;
    }
    if (options.json) return cli.terminal.printJson({ builds });
    for (const build of builds) cli.terminal.print(`${build.id}  ${nameOfBuild(build)}  ${outcomeOf(build)}`);
    if (found.length === 0) cli.terminal.note('No build is under way.');
  });
}

async function unfinished(client: Client, signal: AbortSignal): Promise<Build[]> {
  // By id: one that moves on meanwhile is listed twice.
  const builds = new Map<string, Build>();
  for (const status of ['waiting', 'planned', 'queued', 'running']) {
    let cursor: string | undefined;
    do {
      const page = await client.builds({ status, ...(cursor === undefined ? {} : { cursor }) }, signal);
      for (const build of page.builds) if (!builds.has(build.id)) builds.set(build.id, build);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
  return [...builds.values()];
}

/** The builds that are cancelled now, and those that had ended before, which keep none of the others from being cancelled. */
async function cancelEach(cli: Cli, client: Client, builds: readonly Build[]) {
  const cancelled: Build[] = [];
  const endedBefore: Build[] = [];
  const rest = [...builds];
  const next = async () => {
    for (let build = rest.shift(); build !== undefined; build = rest.shift()) {
      try {
        await client.cancel(build.id, cli.signal);
        cancelled.push(await client.build(build.id, cli.signal));
      } catch (error) {
        if (!(error instanceof WheelwrightError) || error.code !== 'conflict') throw error;
        const now = await client.build(build.id, cli.signal);
        if (!isFinished(now.status)) throw error;
        endedBefore.push(now);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return { cancelled, endedBefore };
}

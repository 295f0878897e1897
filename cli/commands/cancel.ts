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
import { withService } from '../service/session.js';

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
  await withService(cli, ['api'], async ({ client }) => {
    const found = options.all
      ? await unfinished(client, cli.signal)
      : await Promise.all(references.map((reference) => findBuild(client, reference, cli.signal)));
    const builds = await cancelEach(cli, client, found);
    if (options.json) return cli.terminal.printJson({ builds });
    for (const build of builds) cli.terminal.print(`${build.id}  ${nameOfBuild(build)}  ${outcomeOf(build)}`);
    if (found.length === 0) cli.terminal.note('No build is under way.');
  });
}

async function unfinished(client: Client, signal: AbortSignal): Promise<Build[]> {
  const builds: Build[] = [];
  for (const status of ['planned', 'queued', 'running', 'waiting']) {
    let cursor: string | undefined;
    do {
      const page = await client.builds({ status, ...(cursor === undefined ? {} : { cursor }) }, signal);
      builds.push(...page.builds);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
  }
  return builds;
}

/** The builds that are cancelled now. One that had ended before is told, and keeps none of the others from being cancelled. */
async function cancelEach(cli: Cli, client: Client, builds: readonly Build[]): Promise<Build[]> {
  const cancelled: Build[] = [];
  const rest = [...builds];
  const next = async () => {
    for (let build = rest.shift(); build !== undefined; build = rest.shift()) {
      try {
        await client.cancel(build.id, cli.signal);
        cancelled.push(await client.build(build.id, cli.signal));
      } catch (error) {
        if (!(error instanceof WheelwrightError) || error.code !== 'conflict') throw error;
        const { status } = await client.build(build.id, cli.signal);
        if (!isFinished(status)) throw error;
        cli.terminal.note(`${build.id}  ${nameOfBuild(build)} had ended before: ${status}`);
        cli.exitCode = EXIT.failed;
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
  return cancelled;
}

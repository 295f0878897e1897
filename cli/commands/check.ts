import { Command } from 'commander';
import type { Client } from '../../client/client.js';
import type { Build, CheckAnswer } from '../../client/contract.js';
import { watchBuilds } from '../build-progress.js';
import type { Cli } from '../cli.js';
import { EXIT, isRefusal, reportError } from '../exit-code.js';
import { formatTable } from '../format.js';
import { readText } from '../given-file.js';
import { withService } from '../service/session.js';

interface CheckOptions {
  requirement: string;
  python?: string;
  policy?: string;
  image?: string;
  build?: boolean;
  json?: boolean;
}

type Row = CheckAnswer['rows'][number];
type State = Row['state'];

const WORDS: Record<State, string> = {
  'wheel-here': 'wheel here',
  'wheel-upstream': 'wheel upstream',
  'must-build': 'must be built',
  'no-sdist': 'no sdist',
  'not-found': 'not found',
  skipped: 'not checked',
};
/** What needs attention comes first. */
const ORDER: readonly State[] = ['not-found', 'no-sdist', 'must-build', 'skipped', 'wheel-upstream', 'wheel-here'];

export function checkCommand(cli: Cli): Command {
  return new Command('check')
    .description('what of an application comes as a wheel, what would compile, and what cannot be had')
    .requiredOption('-r, --requirement <file>', 'a requirements.txt, pylock.toml or uv.lock')
    .option('--python <tag>', 'the interpreter of the application, e.g. cp313')
    .option('--policy <policy>', 'the oldest glibc that it runs on, e.g. manylinux_2_31')
    .option('--image <image>', 'take both from an image on this machine that has Python in it')
    .option('--build', 'build what would compile')
    .option('--json', 'print {"rows": [...]} as the API gives it')
    .action((options: CheckOptions) => check(cli, options));
}

async function check(cli: Cli, options: CheckOptions): Promise<void> {
  const file = await readText(options.requirement, 'requirements file');
  const found = options.image === undefined ? {} : await targetOfImage(options.image, cli);
  const request = {
    file,
    ...found,
    ...(options.python === undefined ? {} : { python: options.python }),
    ...(options.policy === undefined ? {} : { policy: options.policy }),
  };
  const programs = options.build ? (['api', 'index-server', 'worker'] as const) : (['api'] as const);
  await withService(cli, programs, async ({ client }) => {
    let answer = await client.check(request, cli.signal);
    if (options.build && answer.rows.some(({ state }) => state === 'must-build')) {
      await buildAll(cli, client, answer);
      answer = await client.check(request, cli.signal);
    }
    if (options.json) cli.terminal.printJson(answer);
    else report(cli, answer);
    if (answer.rows.some(({ state }) => ['must-build', 'no-sdist', 'not-found'].includes(state)))
      cli.exitCode = EXIT.failed;
  });
}

async function targetOfImage(image: string, { signal }: Cli) {
  // Loaded here, since only this needs the engine and its library takes a while to load.
  const { readImageTarget } = await import('../image-target.js');
  return readImageTarget(image, signal);
}

async function buildAll(cli: Cli, client: Client, { rows, target }: CheckAnswer): Promise<void> {
  const builds: Build[] = [];
  for (const { name, version, state } of rows) {
    if (state !== 'must-build') continue;
    const request = { requirement: `${name}==${version}`, python: [target.python], policy: target.policy };
    try {
      builds.push(...(await client.requestBuilds(request, cli.signal)).builds);
    } catch (error) {
      // One that is refused does not keep the others from being built; its row stays as it is.
      if (!isRefusal(error)) throw error;
      reportError(error, cli.terminal, false);
    }
  }
  await watchBuilds(client, builds, cli.terminal, cli.signal);
}

function report(cli: Cli, { kind, rows, target }: CheckAnswer): void {
  const sorted = rows.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state) || (a.name < b.name ? -1 : 1));
  const cells = sorted.map(({ name, version, state, reason, requiredBy }) => [
    name,
    version ?? '',
    WORDS[state],
    requiredBy.length === 0 ? reason : `${reason} Required by ${requiredBy.join(', ')}.`,
  ]);
  for (const line of formatTable([['PROJECT', 'VERSION', 'STATE', 'WHY'], ...cells])) cli.terminal.print(line);
  const count = (...states: State[]) => rows.filter(({ state }) => states.includes(state)).length;
  cli.terminal.note(
    `${kind} for ${target.python} on ${target.policy}_${target.arch}: ${count('wheel-here', 'wheel-upstream')} ready, ` +
      `${count('must-build')} must be built, ${count('no-sdist', 'not-found')} cannot be had`,
  );
}

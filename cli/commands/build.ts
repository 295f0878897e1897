import { Command } from 'commander';
import type { Build, BuildRequest } from '../../client/contract.js';
import { WheelwrightError } from '../../core/errors.js';
import { watchBuilds } from '../build-progress.js';
import { pipLine, reportBuild } from '../build-report.js';
import type { Cli } from '../cli.js';
import { EXIT, isRefusal, reportError } from '../exit-code.js';
import { tryAgain } from '../find-build.js';
import { nameOfBuild } from '../format.js';
import { readText } from '../given-file.js';
import { type Session, withService } from '../service/session.js';
import { reportSolve, solveOne } from '../solve.js';

interface BuildOptions {
  python?: string[];
  policy?: string;
  recipe?: string;
  solve?: boolean;
  retry?: boolean;
  wait: boolean;
  json?: boolean;
}

export function buildCommand(cli: Cli): Command {
  return new Command('build')
    .description('build wheels for requirements, with a running service or one started for the time of the command')
    .argument('<requirement...>', 'e.g. psycopg2 or "lxml>=5,<6"')
    .option('--python <tag>', 'an interpreter, e.g. cp313; may be repeated', collect)
    .option('--policy <policy>', 'the oldest glibc to support, e.g. manylinux_2_31')
    .option(
      '--recipe <file>',
      'a recipe to use instead of the approved one; the wheel then appears under /trial/simple/ only',
    )
    .option('--solve', 'change the recipe and try again until it succeeds or nothing is left to try')
    .option('--retry', 'try builds again that failed before')
    .option('--no-wait', 'only ask for the builds; needs a running service')
    .option('--json', 'print {"builds": [...]} as the API gives them')
    .action((requirements: string[], options: BuildOptions) => build(cli, requirements, options));
}

function collect(value: string, earlier: string[] = []): string[] {
  return [...earlier, ...value.split(',').filter((tag) => tag !== '')];
}

async function build(cli: Cli, requirements: readonly string[], options: BuildOptions): Promise<void> {
  const recipe = options.recipe === undefined ? undefined : await readText(options.recipe, 'recipe');
  await withService(cli, ['api', 'index-server', 'worker'], async (session) => {
    if (session.temporary && !options.wait) {
      throw new WheelwrightError('unavailable', '--no-wait needs a service that goes on working', {
        hint: 'Start one with ./wheelwright up in another terminal, or leave --no-wait out.',
      });
    }
    const request = {
      ...(options.python === undefined ? {} : { python: options.python }),
      ...(options.policy === undefined ? {} : { policy: options.policy }),
      ...(recipe === undefined ? {} : { recipe }),
    };
    if (options.solve && options.wait) return solve(cli, session, requirements, request, options);
    const found = await ask(cli, session, requirements, {
      ...request,
      ...(options.solve === undefined ? {} : { solve: options.solve }),
    });
    const asked = await Promise.all(
      found.map((each) => tryAgain(session.client, each, options.retry === true, cli.signal)),
    );
    const builds = options.wait ? await watch(cli, session, asked) : asked;
    if (options.json) cli.terminal.printJson({ builds });
    else report(cli, session, builds, options.wait);
    const failed = options.wait && builds.some(({ status }) => status !== 'succeeded');
    if (failed) cli.exitCode = EXIT.failed;
  });
}

/** One requirement after the other, since each try waits for a worker anyway. */
async function solve(
  cli: Cli,
  session: Session,
  requirements: readonly string[],
  request: Omit<BuildRequest, 'requirement'>,
  options: BuildOptions,
): Promise<void> {
  const solved: Awaited<ReturnType<typeof solveOne>>[] = [];
  for (const requirement of requirements) {
    try {
      solved.push(await solveOne(cli, session, { ...request, requirement }));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      cli.exitCode = reportError(error, cli.terminal, false);
    }
  }
  const builds = solved.flatMap((each) => each.builds);
  if (options.json) cli.terminal.printJson({ builds, solves: solved.map((each) => each.solve) });
  else {
    report(cli, session, builds, true);
    for (const each of solved) for (const line of reportSolve(each.solve)) cli.terminal.print(line);
  }
  const failed = builds.some(({ status }) => status !== 'succeeded');
  if (failed) cli.exitCode = EXIT.failed;
}

/** Asks for each requirement; one that is refused is told at once and does not keep the others from being built. */
async function ask(
  cli: Cli,
  { client }: Session,
  requirements: readonly string[],
  request: Omit<BuildRequest, 'requirement'>,
): Promise<Build[]> {
  const asked = new Map<string, Build>();
  for (const requirement of requirements) {
    try {
      const { builds } = await client.requestBuilds({ ...request, requirement }, cli.signal);
      for (const each of builds) asked.set(each.id, each);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      cli.exitCode = reportError(error, cli.terminal, false);
    }
  }
  return [...asked.values()];
}

async function watch(cli: Cli, session: Session, builds: readonly Build[]): Promise<Build[]> {
  try {
    return await watchBuilds(session.client, builds, cli.terminal, cli.signal);
  } catch (error) {
    if (cli.signal.aborted && !session.temporary) {
      cli.terminal.note('The builds go on. Watch them again with:');
      for (const { id } of builds) cli.terminal.note(`  ./wheelwright logs -f ${id}`);
    }
    throw error;
  }
}

function report(cli: Cli, { indexUrl, temporary }: Session, builds: readonly Build[], waited: boolean): void {
  if (!waited) {
    for (const each of builds) cli.terminal.print(`${each.id}  ${nameOfBuild(each)}  ${each.status}`);
    return;
  }
  for (const line of builds.flatMap(reportBuild)) cli.terminal.print(line);
  const built = builds.filter(({ files }) => files.length > 0);
  if (built.length === 0) return;
  cli.terminal.note(temporary ? 'To install, start the service (./wheelwright up), then:' : 'To install:');
  cli.terminal.note(`  ${pipLine(indexUrl, built)}`);
}

import { Command } from 'commander';
import type { Build } from '../../client/contract.js';
import type { Target } from '../../core/build.js';
import { findTarget } from '../../core/target.js';
import { watchBuilds } from '../build-progress.js';
import { pipLine, reportBuild } from '../build-report.js';
import type { CleanInstall } from '../clean-install.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { tryAgain } from '../find-build.js';
import { formatDuration, formatLibraries, formatPhases, formatSize } from '../format.js';
import type { LocalEngine } from '../local-engine.js';
import { type Session, withService } from '../service/session.js';

// It needs the headers and pg_config of libpq, which no slim image has, and its authors publish no wheel for Linux.
const PROJECT = 'psycopg2';
const POLICY = 'manylinux_2_31';
const PYTHON = 'cp313';

export function demoCommand(cli: Cli): Command {
  return new Command('demo')
    .description('everything once: build a hard package, publish it, install it where nothing can compile')
    .action(async () => {
      const { openLocalEngine } = await import('../local-engine.js');
      const local = await openLocalEngine(cli);
      try {
        const target = findTarget(local.targets, POLICY, PYTHON);
        const image = await makeImage(cli, local, target);
        await withService(cli, ['api', 'index-server', 'worker'], (session) => demo(cli, session, local, image));
      } finally {
        await local.close();
      }
    });
}

/** Makes the images first, so that their minutes are not mistaken for those of the build; returns the clean twin. */
async function makeImage(cli: Cli, { images }: LocalEngine, target: Target): Promise<string> {
  const progress = cli.terminal.progress();
  const row = `image ${target.image} ${target.python}`;
  try {
    progress.set(row, 'looking');
    const { clean } = await images.buildImage(target, (line) => progress.set(row, line), cli.signal);
    progress.end(row, 'ready', 'good');
    return clean;
  } finally {
    progress.close();
  }
}

async function demo(cli: Cli, session: Session, local: LocalEngine, image: string): Promise<void> {
  const { client, indexUrl } = session;
  const { builds, created } = await client.requestBuilds(
    { requirement: PROJECT, policy: POLICY, python: [PYTHON] },
    cli.signal,
  );
  const asked = await Promise.all(builds.map((build) => tryAgain(client, build, false, cli.signal)));
  const [build] = await watchBuilds(client, asked, cli.terminal, cli.signal);
  if (build === undefined || build.status !== 'succeeded') {
    for (const line of build === undefined ? [] : reportBuild(build)) cli.terminal.print(line);
    cli.exitCode = EXIT.failed;
    return;
  }
  const started = Date.now();
  const install = await installed(cli, local, `${indexUrl}/simple/`, image);
  const tookMs = Date.now() - started;
  for (const line of story(build, { install, tookMs, created, image, session })) cli.terminal.print(line);
}

async function installed(cli: Cli, { engine }: LocalEngine, indexUrl: string, image: string): Promise<CleanInstall> {
  const { installInCleanImage } = await import('../clean-install.js');
  const progress = cli.terminal.progress();
  const row = 'pip install';
  try {
    progress.set(row, `of ${PROJECT} in a clean image`);
    const onLine = (line: string) => progress.detail(row, line);
    const result = await installInCleanImage({
      engine,
      image,
      indexUrl,
      project: PROJECT,
      module: PROJECT,
      onLine,
      signal: cli.signal,
    });
    progress.end(row, 'works', 'good');
    return result;
  } finally {
    progress.close();
  }
}

interface Told {
  install: CleanInstall;
  tookMs: number;
  created: boolean;
  image: string;
  session: Session;
}

function story(build: Build, { install, tookMs, created, image, session }: Told): string[] {
  const [file] = build.files;
  const attempt = build.attempts.at(-1);
  const tag = /-([^-]+-[^-]+-[^-]+)\.whl$/.exec(file?.filename ?? '')?.[1];
  const says = Object.entries(install.says).map(([name, value]) => `${name.replaceAll('_', ' ').trim()} ${value}`);
  const start = session.temporary ? ['  ./wheelwright up                 the service, until you stop it'] : [];
  return [
    '',
    `${build.project} ${build.version} was ${created ? 'built from source' : 'built before'} for CPython 3.13 on glibc 2.31 and newer, and installed where nothing can compile.`,
    '',
    `  file      ${file?.filename}, ${formatSize(file?.sizeBytes ?? 0)}`,
    `  tag       ${tag}`,
    `  grafted   ${file?.grafted.length ?? 0} libraries: ${formatLibraries(file?.grafted ?? [])}`,
    ...(attempt === undefined ? [] : [`  phases    ${formatPhases(attempt)}`]),
    `  install   ${pipLine(session.indexUrl, [build])}`,
    `            ${formatDuration(tookMs)} in ${image}: glibc ${install.glibc}, user ${install.uid}, ${install.compilers.length === 0 ? 'no compiler' : `compilers: ${install.compilers.join(', ')}`}`,
    `  import    ${install.file}: ${says.join(', ')}`,
    '',
    'Where to look next:',
    ...start,
    `  ./wheelwright show ${build.id}`,
    `  ./wheelwright logs ${build.id}`,
    '  ./wheelwright build lxml         another hard package',
    '  recipes/psycopg2.yaml            all that was said about this one',
    '  README.md                        what else there is',
  ];
}

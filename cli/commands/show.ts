import { Command } from 'commander';
import type { Build } from '../../client/contract.js';
import { reportBuild } from '../build-report.js';
import type { Cli } from '../cli.js';
import { findBuild } from '../find-build.js';
import { formatPhases } from '../format.js';
import { withServiceData } from '../service/session.js';

export function showCommand(cli: Cli): Command {
  return new Command('show')
    .description('one build: its target, attempts, files, and why it failed')
    .argument('<build>', 'id of a build, or a project for its newest build')
    .option('--json', 'print the build as the API gives it')
    .action((reference: string, options: { json?: boolean }) =>
      withServiceData(cli, async ({ client }) => {
        const build = await findBuild(client, reference, cli.signal);
        if (options.json) cli.terminal.printJson(build);
        else for (const line of [...reportBuild(build), ...detailsOf(build)]) cli.terminal.print(line);
      }),
    );
}

function detailsOf(build: Build): string[] {
  return [
    '',
    `  build    ${build.id}, asked for as ${build.requirement}, ${build.createdAt}`,
    `  target   ${build.target.python} ${build.target.policy}_${build.target.arch}, image ${build.target.image} (${build.target.builderDigest.slice(0, 12)})`,
    `  sdist    ${build.sdist.filename} sha256:${build.sdist.sha256}`,
    `  recipe   ${build.recipeDigest.slice(0, 12)}, ${build.channel}`,
    ...(build.nobody === undefined ? [] : [`  queued   ${build.nobody}`]),
    ...build.attempts.map((attempt) =>
      `  attempt  ${attempt.number} ${attempt.status} on ${attempt.worker} ${formatPhases(attempt)}`.trimEnd(),
    ),
    ...build.files.map((file) => `  file     ${file.url}`),
  ];
}

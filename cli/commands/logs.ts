import { Command, InvalidArgumentError } from 'commander';
import { followBuild } from '../../client/follow.js';
import { WheelwrightError } from '../../core/errors.js';
import { outcomeOf } from '../build-report.js';
import type { Cli } from '../cli.js';
import { findBuild } from '../find-build.js';
import { withServiceData } from '../service/session.js';

export function logsCommand(cli: Cli): Command {
  return new Command('logs')
    .description("print the log of a build's newest attempt")
    .argument('<build>', 'id of a build, or a project for its newest build')
    .option('-f, --follow', 'go on until the build ends, through all its attempts')
    .option('--attempt <number>', 'the log of an earlier attempt', positive)
    .action((reference: string, options: { follow?: boolean; attempt?: number }) =>
      withServiceData(cli, async ({ client }) => {
        const build = await findBuild(client, reference, cli.signal);
        if (options.follow) {
          for await (const event of followBuild(client, build.id, cli.signal)) {
            if (event.event === 'line') cli.terminal.writeLog(`${event.text}\n`);
            else if (event.event === 'build') cli.terminal.note(`build ${event.build.id}: ${outcomeOf(event.build)}`);
          }
          return;
        }
        const attempt = build.attempts.find(({ number }) => number === (options.attempt ?? build.attempts.length));
        if (attempt === undefined) {
          const made = build.attempts.length === 0 ? 'none was made yet' : `there are ${build.attempts.length}`;
          throw new WheelwrightError('not-found', `build ${build.id} has no such attempt: ${made}`, {
            hint: `./wheelwright show ${build.id} lists its attempts; logs -f waits for the first.`,
          });
        }
        for await (const text of client.log(attempt.id, 1, cli.signal)) cli.terminal.writeLog(text);
      }),
    );
}

function positive(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new InvalidArgumentError('It must be a number from 1 on.');
  return number;
}

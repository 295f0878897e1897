import { once } from 'node:events';
import { Command } from 'commander';
import { pipLine } from '../build-report.js';
import type { Cli } from '../cli.js';
import { startService, whileStarting } from '../service/service.js';

export function upCommand(cli: Cli): Command {
  return new Command('up')
    .description('run the service (api, index-server and a worker) until stopped')
    .action(async () => {
      const { terminal, signal } = cli;
      const service = await whileStarting(cli.settings, signal, () =>
        startService({
          settings: cli.settings,
          programs: ['api', 'index-server', 'worker'],
          environment: cli.environment,
          onLine: (name, line) => terminal.note(`${terminal.style('dim', `${name.padEnd(12)} |`)} ${line}`),
          temporary: false,
          signal,
        }),
      );
      try {
        terminal.print(`api    ${service.apiUrl}`);
        terminal.print(`index  ${service.indexUrl}/simple/`);
        terminal.print(`data   ${cli.settings.WHEELWRIGHT_DATA}`);
        terminal.print();
        terminal.print(pipLine(service.indexUrl, []).concat(' PROJECT'));
        terminal.print('./wheelwright build PROJECT');
        terminal.print();
        terminal.print('Ctrl-C stops it.');
        if (!signal.aborted) await Promise.race([once(signal, 'abort'), service.broken]);
        terminal.note('stopping');
      } finally {
        await service.stop();
      }
    });
}

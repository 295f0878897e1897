import { Command } from 'commander';
import { listWorkers, steerWorker, type Worker } from '../../client/workers.js';
import type { Cli } from '../cli.js';
import { formatSize, formatTable } from '../format.js';
import { withServiceData } from '../service/session.js';

export function workerCommand(cli: Cli): Command {
  const command = new Command('worker').description('the workers of the service');
  command
    .command('list')
    .description('those that were there within the last day, what they have and what they do')
    .option('--json', 'print {"workers": [...]}')
    .action(({ json }: { json?: boolean }) =>
      withServiceData(cli, async ({ client }) => {
        const workers = await listWorkers(client.connection, cli.signal);
        if (json) return cli.terminal.printJson({ workers });
        const header = ['WORKER', 'STATE', 'VERSION', 'KIND', 'SLOTS', 'CPUS', 'MEMORY', 'LAST SEEN', 'BUILDS'];
        for (const line of formatTable([header, ...workers.map(rowOf)])) cli.terminal.print(line);
      }),
    );
  steering(cli, command, 'drain', 'give workers nothing more; they finish what they have', 'takes nothing more');
  steering(cli, command, 'resume', 'give drained workers something again', 'takes builds again');
  return command;
}

function steering(cli: Cli, parent: Command, action: 'drain' | 'resume', description: string, done: string): void {
  parent
    .command(action)
    .description(`${description} (takes an admin token)`)
    .argument('<worker...>', 'names as in `worker list`')
    .action((names: string[]) =>
      withServiceData(cli, async ({ client }) => {
        for (const name of names) {
          const { slots } = await steerWorker(client.connection, name, action, cli.signal);
          const left =
            slots.used === 0 ? 'it has nothing to do' : `it makes ${slots.used} attempt${slots.used === 1 ? '' : 's'}`;
          cli.terminal.print(`${name} ${done}; ${left}`);
        }
      }),
    );
}

function rowOf({
  name,
  state,
  version,
  architectures,
  labels,
  trust,
  slots,
  budget,
  used,
  lastSeen,
  running,
}: Worker): string[] {
  return [
    name,
    state,
    version,
    [...architectures, ...labels, ...(trust.length > 1 ? [] : [`${trust[0]} only`])].join(' '),
    `${slots.used}/${slots.total}`,
    `${Number(used.cpus.toFixed(2))}/${Number(budget.cpus.toFixed(2))}`,
    `${formatSize(used.memoryBytes)}/${formatSize(budget.memoryBytes)}`,
    lastSeen,
    running.map(({ project, version: built }) => `${project} ${built}`).join(', '),
  ];
}

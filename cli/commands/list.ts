import { Command, Option } from 'commander';
import type { Build } from '../../client/contract.js';
import { BUILD_STATUSES } from '../../core/build.js';
import { normalizeProjectName } from '../../core/project-name.js';
import { outcomeOf } from '../build-report.js';
import type { Cli } from '../cli.js';
import { formatTable } from '../format.js';
import { withServiceData } from '../service/session.js';

export function listCommand(cli: Cli): Command {
  return new Command('list')
    .description('the builds, newest first')
    .addOption(new Option('--status <status>', 'only those').choices(BUILD_STATUSES))
    .option('--project <name>', 'only those')
    .option('--all', 'all of them, not just the newest page')
    .option('--json', 'print {"builds": [...]} as the API gives them')
    .action((options: { status?: string; project?: string; all?: boolean; json?: boolean }) =>
      withServiceData(cli, async ({ client }) => {
        const filter = {
          ...(options.status === undefined ? {} : { status: options.status }),
          ...(options.project === undefined ? {} : { project: normalizeProjectName(options.project) }),
        };
        const builds: Build[] = [];
        let cursor: string | undefined;
        do {
          const page = await client.builds({ ...filter, ...(cursor === undefined ? {} : { cursor }) }, cli.signal);
          builds.push(...page.builds);
          cursor = page.nextCursor;
        } while (options.all && cursor !== undefined);
        if (options.json) return cli.terminal.printJson({ builds });
        if (builds.length === 0)
          return cli.terminal.note('There are no builds. Ask for one: ./wheelwright build psycopg2');
        const rows = builds.map(({ id, project, version, target, ...build }) => [
          id,
          project,
          version,
          target.python,
          target.policy,
          outcomeOf({ id, project, version, target, ...build }),
        ]);
        for (const line of formatTable([['BUILD', 'PROJECT', 'VERSION', 'PYTHON', 'POLICY', 'STATE'], ...rows])) {
          cli.terminal.print(line);
        }
        if (cursor !== undefined) cli.terminal.note('There are more: --all lists them.');
      }),
    );
}

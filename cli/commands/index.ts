import { Command } from 'commander';
import { fetch } from 'undici';
import { z } from 'zod';
import { WheelwrightError } from '../../core/errors.js';
import { normalizeProjectName } from '../../core/project-name.js';
import type { Cli } from '../cli.js';
import { formatTable } from '../format.js';
import { withService } from '../service/session.js';
import { addUpkeepCommands } from './index-upkeep.js';

export function indexCommand(cli: Cli): Command {
  const command = new Command('index').description(
    'why the index offers what it does, and what an administrator decides about it',
  );
  command
    .command('explain')
    .description('why the index offers a project or a file, or not')
    .argument('<project>')
    .argument('[file]', 'file name')
    .option('--trial', 'of /trial/simple/, where wheels of unapproved recipes are')
    .option('--json', 'print what the index-server answers')
    .action((project: string, file: string | undefined, options: { trial?: boolean; json?: boolean }) =>
      withService(cli, ['api', 'index-server'], async ({ indexUrl, client }) => {
        const path = [normalizeProjectName(project), ...(file === undefined ? [] : [file])].map(encodeURIComponent);
        const url = `${indexUrl}${options.trial ? '/trial' : ''}/explain/${path.join('/')}`;
        const { token } = client.connection;
        const headers: Record<string, string> =
          cli.settings.WHEELWRIGHT_INDEX_TOKEN_REQUIRED && token !== undefined
            ? { authorization: `Bearer ${token}` }
            : {};
        const explanation = await explain(url, headers, cli.signal);
        if (options.json) cli.terminal.printJson(explanation);
        else for (const line of report(explanation)) cli.terminal.print(line);
      }),
    );
  addUpkeepCommands(command, cli);
  return command;
}

const explanationSchema = z.looseObject({
  project: z.string(),
  known: z.boolean(),
  owned: z.boolean(),
  reserved: z.boolean(),
  looksLike: z.string().optional(),
  status: z.string(),
  statusReason: z.string().optional(),
  denied: z.string().optional(),
  upstreamUnavailableSince: z.string().optional(),
  withoutUpstream: z.literal(true).optional(),
  files: z.array(z.object({ filename: z.string(), offered: z.boolean(), from: z.string(), reason: z.string() })),
});
type Explanation = z.infer<typeof explanationSchema>;

async function explain(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Explanation> {
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, { headers, signal });
    status = response.status;
    text = await response.text();
  } catch (error) {
    signal.throwIfAborted();
    throw new WheelwrightError('unavailable', `the index-server did not answer at ${url}`, {
      hint: 'Is it running? ./wheelwright up starts it; WHEELWRIGHT_INDEX_URL says where it is.',
      cause: error,
    });
  }
  const parsed = explanationSchema.safeParse(status === 200 ? documentOf(text) : undefined);
  if (parsed.success) return parsed.data;
  throw new WheelwrightError(
    'unavailable',
    `the index-server answered ${status} without an explanation: ${text.trim().slice(0, 500)}`,
    {
      hint: 'An upstream may be away, the index may take a token (WHEELWRIGHT_INDEX_TOKEN_REQUIRED=1 sends it), or WHEELWRIGHT_INDEX_URL names something else.',
    },
  );
}

function documentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function report(explanation: Explanation): string[] {
  const { project, known, owned, reserved, looksLike, status, statusReason, denied, files } = explanation;
  const { upstreamUnavailableSince, withoutUpstream } = explanation;
  return [
    `${project}: ${known ? status : 'nobody knows it, neither here nor upstream'}${statusReason === undefined ? '' : ` (${statusReason})`}`,
    ...(denied === undefined ? [] : [`nothing of it is offered: ${denied}`]),
    ...(owned ? ['it is owned here: nothing of it comes from an upstream'] : []),
    ...(reserved ? ['its name is reserved here: nothing of it comes from an upstream'] : []),
    ...(looksLike === undefined ? [] : [`it can be taken for ${looksLike}, which is owned here`]),
    ...(withoutUpstream === undefined ? [] : ['the upstream does not answer; only files of this service are known']),
    ...(upstreamUnavailableSince === undefined
      ? []
      : [`the upstream has not answered since ${upstreamUnavailableSince}; what it said before is used`]),
    ...(known && files.length === 0 ? ['no such file is known'] : []),
    ...formatTable(
      files.map(({ filename, offered, from, reason }) => [offered ? 'offered' : 'withheld', filename, from, reason]),
    ),
  ];
}

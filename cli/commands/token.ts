import { readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command, Option } from 'commander';
import { openClient } from '../../client/client.js';
import { createToken, listTokens, ownToken, revokeToken } from '../../client/tokens.js';
import { WheelwrightError } from '../../core/errors.js';
import { SCOPES, type Scope } from '../../core/token.js';
import type { Cli } from '../cli.js';
import { formatTable } from '../format.js';
import { withService, withServiceData } from '../service/session.js';

interface CreateOptions {
  scope: Scope[];
  name: string;
  file?: string;
  json?: boolean;
}

export function tokenCommand(cli: Cli): Command {
  const command = new Command('token').description('who may do what: tokens of this service (takes an admin token)');
  command
    .command('create')
    .description('make a token; its secret is printed once and kept nowhere')
    .addOption(new Option('--scope <scope...>', 'what it may do').choices(SCOPES).makeOptionMandatory())
    .requiredOption('--name <name>', 'who or what uses it')
    .option(
      '--file <path>',
      'write the secret there (mode 0600) instead; nothing is done where a token that works is there',
    )
    .option('--json', 'print {"id", "name", "scopes", "secret"}')
    .action((options: CreateOptions) => create(cli, options));
  command
    .command('list')
    .description('the tokens, without their secrets')
    .option('--json', 'print {"tokens": [...]}')
    .action(({ json }: { json?: boolean }) =>
      withServiceData(cli, async ({ client }) => {
        const tokens = await listTokens(client.connection, cli.signal);
        if (json) return cli.terminal.printJson({ tokens });
        const rows = tokens.map(({ id, name, scopes, createdAt, revokedAt }) => [
          id,
          name,
          scopes.join(','),
          createdAt,
          revokedAt === undefined ? 'valid' : `revoked ${revokedAt}`,
        ]);
        for (const line of formatTable([['TOKEN', 'NAME', 'SCOPES', 'CREATED', 'STATE'], ...rows])) {
          cli.terminal.print(line);
        }
      }),
    );
  command
    .command('revoke')
    .description('make tokens useless, at once and for good')
    .argument('<token...>', 'ids as in `token list`')
    .action((ids: string[]) =>
      withServiceData(cli, async ({ client }) => {
        for (const id of ids) {
          await revokeToken(client.connection, id, cli.signal);
          cli.terminal.print(`${id} is revoked`);
        }
      }),
    );
  return command;
}

function create(cli: Cli, { scope, name, file, json }: CreateOptions): Promise<void> {
  return withService(cli, ['api'], async ({ apiUrl, client }) => {
    if (file !== undefined && (await holdsToken(file, apiUrl, cli.signal))) {
      cli.terminal.note(`${file} holds a token already`);
      return;
    }
    const token = await createToken(client.connection, { name, scopes: scope }, cli.signal);
    if (file !== undefined) await writeSecret(file, token.secret);
    const { secret, ...rest } = token;
    if (json) cli.terminal.printJson(file === undefined ? token : { ...rest, file });
    else cli.terminal.print(file === undefined ? secret : `${token.id} is in ${file}`);
  });
}

/** Whether the file holds a token that the service knows; after a restore it may not. */
async function holdsToken(file: string, url: string, signal: AbortSignal): Promise<boolean> {
  const secret = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  if (secret.trim() === '') return false;
  const client = openClient({ url, token: secret.trim() });
  try {
    await ownToken(client.connection, signal);
    return true;
  } catch (error) {
    if (error instanceof WheelwrightError && error.code === 'unauthorized') return false;
    throw error;
  } finally {
    await client.close();
  }
}

async function writeSecret(file: string, secret: string): Promise<void> {
  const temporary = path.join(path.dirname(file), `.${path.basename(file)}.${process.pid}`);
  await writeFile(temporary, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  await rename(temporary, file);
}

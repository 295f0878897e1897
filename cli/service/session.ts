import { existsSync } from 'node:fs';
import path from 'node:path';
import { DATABASE } from '../../adapters/disk/data-folder.js';
import { readToken } from '../../adapters/disk/token-file.js';
import { type Client, openClient } from '../../client/client.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Cli } from '../cli.js';
import { findService, type ServiceAddress } from './address.js';
import type { ProgramName } from './node-arguments.js';
import { endService, type Service, startService, whileStarting } from './service.js';
import { leaveService, registerUser } from './users.js';

/** What a command works with: a service, running before or started for it. */
export interface Session extends ServiceAddress {
  client: Client;
  /** The service ends with the last command that uses it. */
  temporary: boolean;
}

/**
 * Runs a command against the running service; where none runs, starts the programs that it needs. What a command started is ended by the last command that
 * uses it.
 * @throws WheelwrightError `unavailable` when they do not start, or when one ends while the command runs
 */
export async function withService<T>(
  cli: Cli,
  programs: readonly ProgramName[],
  command: (session: Session) => Promise<T>,
): Promise<T> {
  const { settings, signal } = cli;
  const lasting = await findService(settings);
  if (lasting !== undefined && lasting.temporary !== true) return withClient(cli, lasting, command);
  let started: Service | undefined;
  try {
    const address = await whileStarting(settings, signal, async () => {
      await registerUser(settings);
      const running = await findService(settings);
      if (running !== undefined) return running;
      started = await startFor(cli, programs);
      return started;
    });
    const ran = withClient(cli, address, command);
    return await (started === undefined ? ran : Promise.race([ran, started.broken]));
  } finally {
    await leave(cli, started, programs.includes('worker'));
  }
}

/**
 * {@link withService} for what is about builds, files or tokens that are there already: an api is started for it, but not where no service has ever been.
 * @throws WheelwrightError `unavailable` there, and leaves nothing behind: most likely the folder is another one than that of the service
 */
export async function withServiceData<T>(cli: Cli, command: (session: Session) => Promise<T>): Promise<T> {
  const { settings } = cli;
  const folder = path.resolve(settings.WHEELWRIGHT_DATA);
  if (!existsSync(path.join(folder, DATABASE)) && (await findService(settings)) === undefined) {
    throw new WheelwrightError('unavailable', `no service runs, and ${folder} is the data folder of none`, {
      hint: 'Without WHEELWRIGHT_DATA it is the folder data below the one that the command runs in. Give it the WHEELWRIGHT_DATA or the WHEELWRIGHT_API_URL of your service; ./wheelwright up begins a new one.',
    });
  }
  return withService(cli, ['api'], command);
}

function startFor(cli: Cli, programs: readonly ProgramName[]): Promise<Service> {
  return startService({
    settings: cli.settings,
    programs,
    // A command's own output is what people came for; the programs' warnings come with the error when one fails.
    environment: { ...cli.environment, WHEELWRIGHT_LOG_LEVEL: cli.environment.WHEELWRIGHT_LOG_LEVEL || 'warn' },
    onLine: cli.environment.WHEELWRIGHT_LOG_LEVEL
      ? (name, line) => cli.terminal.note(`${name}: ${line}`)
      : () => undefined,
    temporary: true,
    signal: cli.signal,
  });
}

/** @param noted whether others can have found what this command started */
async function leave({ settings, signal, terminal }: Cli, started: Service | undefined, noted: boolean): Promise<void> {
  const last = await leaveService(settings);
  const ends = last !== undefined || (started !== undefined && !noted);
  if (ends && signal.aborted) terminal.note('stopping');
  if (started === undefined) return last && endService(settings, last);
  if (ends) return started.stop();
  started.release();
}

async function withClient<T>(
  cli: Cli,
  { apiUrl, indexUrl, temporary = false }: ServiceAddress,
  command: (session: Session) => Promise<T>,
): Promise<T> {
  const client = openClient({ url: apiUrl, token: await readToken(cli.settings) });
  try {
    return await command({ apiUrl, indexUrl, client, temporary });
  } finally {
    await client.close();
  }
}

import { type Client, openClient } from '../../client/client.js';
import type { Cli } from '../cli.js';
import { findService, readToken, type ServiceAddress } from './address.js';
import type { ProgramName } from './node-arguments.js';
import { startService } from './service.js';

/** What a command works with: a service, running before or started for it. */
export interface Session extends ServiceAddress {
  client: Client;
  /** Started for the time of the command. */
  temporary: boolean;
}

/**
 * Runs a command against the running service; where none runs, starts the programs that it needs and stops them afterwards.
 * @throws WheelwrightError `unavailable` when they do not start, or when one ends while the command runs
 */
export async function withService<T>(
  cli: Cli,
  programs: readonly ProgramName[],
  command: (session: Session) => Promise<T>,
): Promise<T> {
  const running = await findService(cli.settings);
  if (running !== undefined) return withClient(cli, running, false, command);
  const service = await startService({
    settings: cli.settings,
    programs,
    // A command's own output is what people came for; the programs' warnings come with the error when one fails.
    environment: { ...cli.environment, WHEELWRIGHT_LOG_LEVEL: cli.environment.WHEELWRIGHT_LOG_LEVEL || 'warn' },
    onLine: cli.environment.WHEELWRIGHT_LOG_LEVEL
      ? (name, line) => cli.terminal.note(`${name}: ${line}`)
      : () => undefined,
    signal: cli.signal,
  });
  try {
    return await Promise.race([withClient(cli, service, true, command), service.broken]);
  } finally {
    if (cli.signal.aborted) cli.terminal.note('stopping');
    await service.stop();
  }
}

async function withClient<T>(
  cli: Cli,
  { apiUrl, indexUrl }: ServiceAddress,
  temporary: boolean,
  command: (session: Session) => Promise<T>,
): Promise<T> {
  const client = openClient({ url: apiUrl, token: await readToken(cli.settings) });
  try {
    return await command({ apiUrl, indexUrl, client, temporary });
  } finally {
    await client.close();
  }
}

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { WheelwrightError } from '../../core/errors.js';
import type { Settings } from '../../core/settings.js';

/**
 * The token to act with: the one that the settings give or name a file of, else the admin token that the first start of the API on this machine left in the data folder;
 * undefined where there is none yet.
 * @throws WheelwrightError `forbidden` when a file cannot be read, `invalid` when the one that was named is not there
 */
export async function readToken(
  settings: Pick<Settings, 'WHEELWRIGHT_TOKEN' | 'WHEELWRIGHT_TOKEN_FILE' | 'WHEELWRIGHT_DATA'>,
): Promise<string | undefined> {
  const { WHEELWRIGHT_TOKEN, WHEELWRIGHT_TOKEN_FILE: named, WHEELWRIGHT_DATA } = settings;
  if (WHEELWRIGHT_TOKEN !== undefined) return WHEELWRIGHT_TOKEN;
  const file = named ?? join(WHEELWRIGHT_DATA, 'admin-token');
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      throw new WheelwrightError('forbidden', `the token in ${file} cannot be read (${code})`, {
        hint: 'Run as the user that runs the service, or put a token of your own into WHEELWRIGHT_TOKEN.',
        cause: error,
      });
    }
    if (named === undefined) return undefined;
    throw new WheelwrightError('invalid', `there is no token in ${file}`, {
      hint: 'WHEELWRIGHT_TOKEN_FILE names it. `wheelwright token create --file` makes one.',
      cause: error,
    });
  }
}

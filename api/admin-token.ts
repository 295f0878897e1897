import { randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TokenStore } from '../adapters/sqlite/tokens.js';

const NAME = 'admin-token file';

/**
 * Sees to it that `<data>/admin-token` (mode 0600) holds the secret of an admin token, by which programs on the same machine find their way in. A file that is
 * missing is made; one that the database does not know, as after a restore, is taken over. A token that was revoked stays so.
 */
export async function ensureAdminToken(dataFolder: string, tokens: TokenStore, now: number): Promise<void> {
  const path = join(dataFolder, 'admin-token');
  const secret = await readFile(path, 'utf8').then(
    (text) => text.trim(),
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    },
  );
  if (secret !== '') {
    if ((await tokens.find(secret)) === undefined) await tokens.adopt(secret, NAME, ['admin'], now);
    return;
  }
  const created = await tokens.create(NAME, ['admin'], now);
  const temporary = `${path}.${randomUUID()}`;
  await writeFile(temporary, `${created.secret}\n`, { mode: 0o600, flag: 'wx' });
  await rename(temporary, path);
}

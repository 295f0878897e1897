import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readToken } from '../../adapters/disk/token-file.js';
import { temporaryFolder } from '../support/temporary-folder.js';

test('a token is the one given, then that of the file named, then that of the first start', async () => {
  const data = temporaryFolder();
  const named = join(data, 'mounted-secret');
  expect(await readToken({ WHEELWRIGHT_DATA: data })).toBeUndefined();
  writeFileSync(join(data, 'admin-token'), 'first\n');
  expect(await readToken({ WHEELWRIGHT_DATA: data })).toBe('first');
  const settings = { WHEELWRIGHT_DATA: data, WHEELWRIGHT_TOKEN_FILE: named };
  // Not the first start's: who names a file means that one.
  await expect(readToken(settings)).rejects.toMatchObject({ code: 'invalid', message: expect.stringContaining(named) });
  writeFileSync(named, 'second\n');
  expect(await readToken(settings)).toBe('second');
  expect(await readToken({ ...settings, WHEELWRIGHT_TOKEN: 'third' })).toBe('third');
  await expect(readToken({ ...settings, WHEELWRIGHT_TOKEN_FILE: data })).rejects.toMatchObject({ code: 'forbidden' });
});

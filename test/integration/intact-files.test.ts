import { createHash } from 'node:crypto';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { IntactFiles } from '../../index-server/intact-files.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const sha256Of = (text: string) => createHash('sha256').update(text).digest('hex');

test('a file is hashed once, and again when it looks changed', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'right');
  let hashed = 0;
  const intact = new IntactFiles(async () => sha256Of(['right', 'wrong'][hashed++] as string));
  expect(await intact.sizeOf(path, sha256Of('right'))).toBe(5);
  expect(await intact.sizeOf(path, sha256Of('right'))).toBe(5);
  writeFileSync(path, 'wrong and longer');
  expect(await intact.sizeOf(path, sha256Of('right'))).toBeUndefined();
  rmSync(path);
  expect(await intact.sizeOf(path, sha256Of('right'))).toBeUndefined();
  expect(hashed).toBe(2);
});

test('what the disk does not give back is damaged', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'right');
  const intact = new IntactFiles(async () => {
    throw Object.assign(new Error('i/o error'), { code: 'EIO' });
  });
  expect(await intact.sizeOf(path, sha256Of('right'))).toBeUndefined();
});

test('one that cannot be read now is not taken for damaged, then or later', async () => {
  const path = join(temporaryFolder(), 'file');
  writeFileSync(path, 'right');
  let failures = 1;
  const intact = new IntactFiles(async () => {
    if (failures-- > 0) throw Object.assign(new Error('too many open files'), { code: 'EMFILE' });
    return sha256Of('right');
  });
  await expect(intact.sizeOf(path, sha256Of('right'))).rejects.toThrow('too many open files');
  expect(await intact.sizeOf(path, sha256Of('right'))).toBe(5);
});

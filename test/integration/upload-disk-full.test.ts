import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startUploadService, type UploadService } from '../support/upload-service.js';
import { makeWheel } from '../support/wheel-maker.js';

let service: UploadService;
let blobs: string;
beforeEach(async () => {
  service = await startUploadService();
  blobs = join(service.folder, 'blobs');
});
afterEach(() => service.close());

/** Only root may mount, and not everywhere. */
function mounted(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', blobs], { stdio: 'ignore' });
    mkdirSync(join(blobs, 'incoming'));
    return true;
  } catch {
    return false;
  }
}

const wheel = (version: number) =>
  makeWheel({ filename: `big-${version}.0-py3-none-any.whl`, files: { 'big.bin': randomBytes(400_000) } });

test('a full disk refuses the upload, keeps nothing of it, and takes it when there is room', async (context) => {
  if (!mounted()) return context.skip();
  try {
    const kept = [wheel(1), wheel(2)];
    for (const each of kept) expect(await service.upload(each)).toMatchObject({ status: 200 });
    const third = wheel(3);
    expect(await service.upload(third)).toMatchObject({ status: 503, text: expect.stringContaining('disk') });
    expect(await service.store.file(third.filename)).toBeUndefined();
    expect(await readdir(join(blobs, 'incoming'))).toEqual([]);

    const first = await service.store.file((kept[0] as { filename: string }).filename);
    await rm(service.blobs.path(first?.sha256 as string));
    expect(await service.upload(third)).toMatchObject({ status: 200 });
  } finally {
    execFileSync('umount', ['-l', blobs]);
  }
});

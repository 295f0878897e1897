// The disk of the service is full in the middle of its work: it says so, keeps nothing half-written, and goes on once there is room.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { fsck } from '../../cli/keeping/fsck.js';
import { startTestApi } from '../support/api.js';
import { noise } from '../support/index-with-upstream.js';
import { makeWheel } from '../support/wheel.js';

/** A data folder of 16 MB; undefined where this user may not mount. */
function smallDisk(): string | undefined {
  const folder = mkdtempSync(join(tmpdir(), 'wheelwright-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m', 'tmpfs', folder], { stdio: 'ignore' });
  } catch {
    rmSync(folder, { recursive: true });
    return undefined;
  }
  onTestFinished(() => {
    execFileSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true });
  });
  return folder;
}

/** Takes all the room that there is but so many bytes; gives what frees it again. */
function fill(folder: string, leaveBytes: number): () => void {
  const { bavail, bsize } = statfsSync(folder);
  const path = join(folder, 'filler');
  writeFileSync(path, Buffer.alloc(Math.max(bavail * bsize - leaveBytes, 0)));
  return () => rmSync(path);
}

test.for<[string, number]>([
  ['no byte', 0],
  ['a little', 64 * 1024],
])(
  'with %s left on its disk the api refuses with what to do, and goes on when there is room',
  async ([, leaveBytes], context) => {
    const data = smallDisk();
    if (data === undefined) return context.skip();
    const service = await startTestApi({ WHEELWRIGHT_DATA: data });
    const upload = (wheel: { filename: string; bytes: Buffer }) =>
      service.call('PUT', `/api/v1/attempts/${lease.attemptId}/artifacts/${wheel.filename}`, {
        body: wheel.bytes,
        lease,
      });
    const log = (from: number, text: string) =>
      service.call('POST', `/api/v1/attempts/${lease.attemptId}/log?from=${from}`, { body: text, lease });
    const full = {
      status: 503,
      body: { code: 'unavailable', detail: expect.stringContaining('disk'), hint: expect.any(String) },
    };
    for (const project of ['spam', 'ham', 'eggs']) service.upstream.add(project, `${project}-1.0.tar.gz`);
    await service.ask('spam');
    const lease = await service.claim();
    await log(1, 'before\n');
    const wheel = makeWheel('spam-1.0-py3-none-any.whl', noise('full', 3_000_000));

    const free = fill(data, leaveBytes);
    expect(await upload(wheel)).toMatchObject(full);
    const long = `${'x'.repeat(1000)}\n`.repeat(200);
    expect(await log(2, long)).toMatchObject(full);
    // The database takes what there is; in the end that is full as well.
    let refused = 0;
    for (let number = 0; number < 200 && refused === 0; number++) {
      service.upstream.add(`many${number}`, `many${number}-1.0.tar.gz`);
      const asked = await service.call('POST', '/api/v1/builds', { json: { requirement: `many${number}==1.0` } });
      if (asked.status < 300) continue;
      expect(asked).toMatchObject(full);
      refused += 1;
    }
    expect(refused).toBe(1);
    expect((await service.call('GET', '/readyz')).body).toMatchObject({ ready: false, parts: { disk: { ok: false } } });
    expect((await service.call('GET', '/api/v1/builds')).status).toBe(200);
    expect((await service.call('GET', `/api/v1/attempts/${lease.attemptId}/log`)).body).toBe('before\n');
    expect(readdirSync(join(data, 'blobs', 'incoming'))).toEqual([]);

    free();
    expect((await log(2, long)).status).toBe(200);
    expect((await upload(wheel)).status).toBe(200);
    expect((await service.deliver(lease, wheel)).body).toMatchObject({ status: 'succeeded' });
    await service.ask('ham');
    expect((await fsck(data, new AbortController().signal)).problems).toEqual([]);
    await service.close();
  },
);

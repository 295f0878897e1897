// The api killed while wheels are uploaded; the compiled program, as `./wheelwright test` makes it before the tests.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openHoldings } from '../../adapters/sqlite/holdings.js';
import { blobPath } from '../../index-server/blob-path.js';
import { startApiProgram } from '../support/api-program.js';
import { startTestIndex } from '../support/simple-index.js';
import { sendUpload } from '../support/upload-service.js';
import { makeWheel, type TestWheel } from '../support/wheel.js';

const WHEELS = 200;
const CLIENTS = 8;
const KILLS = 4;

test('killed again and again: what was acknowledged is there whole, the rest can be sent again', async () => {
  const upstream = await startTestIndex();
  const data = await mkdtemp(join(tmpdir(), 'wheelwright-upload-crash-'));
  const environment = { WHEELWRIGHT_DATA: data, WHEELWRIGHT_API_PORT: '0', WHEELWRIGHT_UPSTREAM: upstream.url };
  const errors: string[] = [];
  let program = await startApiProgram(environment, errors);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  const { port } = new URL(program.url);
  const secret = (await readFile(join(data, 'admin-token'), 'utf8')).trim();

  const waiting: TestWheel[] = Array.from({ length: WHEELS }, (_, n) =>
    makeWheel(`crash_${n % 7}-1.${n}-py3-none-any.whl`, `value = ${'1'.repeat(1 + (n % 50) * 10_000)}\n`),
  );
  const wheels = [...waiting];
  const acknowledged: TestWheel[] = [];
  const seen = () => {
    const holdings = openHoldings(join(data, 'wheelwright.db'));
    try {
      expect(holdings.damage()).toEqual([]);
      return new Map(holdings.files().map((file) => [file.filename, file]));
    } finally {
      holdings.close();
    }
  };
  const checkBlobs = async () => {
    for (const { sha256, metadataSha256 } of seen().values()) {
      for (const blob of [sha256, metadataSha256 as string]) {
        const bytes = await readFile(blobPath(join(data, 'blobs'), blob));
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(blob);
      }
    }
  };

  const client = async () => {
    for (let wheel = waiting.shift(); wheel !== undefined; wheel = waiting.shift()) {
      try {
        const answer = await sendUpload(`${program.url}/legacy/`, { ...wheel, secret });
        expect(answer.status, answer.text).toBe(200);
        acknowledged.push(wheel);
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        waiting.push(wheel);
        await sleep(50);
      }
    }
  };
  const uploading = Promise.all(Array.from({ length: CLIENTS }, client));
  for (let round = 0; round < KILLS; round++) {
    const before = acknowledged.length;
    // Looked at often: there must be enough left for the next rounds.
    await expect.poll(() => acknowledged.length, { interval: 5 }).toBeGreaterThan(before + 10);
    const ended = once(program.child, 'exit');
    program.child.kill('SIGKILL');
    await ended;
    const files = seen();
    for (const { filename, sha256 } of acknowledged) expect(files.get(filename)?.sha256).toBe(sha256);
    await checkBlobs();
    program = await startApiProgram({ ...environment, WHEELWRIGHT_API_PORT: port }, errors);
  }
  await uploading;

  expect([...seen().keys()].sort()).toEqual(wheels.map(({ filename }) => filename).sort());
  await checkBlobs();
  expect(existsSync(join(data, 'blobs', 'incoming'))).toBe(true);
  expect(await readdir(join(data, 'blobs', 'incoming'))).toEqual([]);
  expect(errors).toEqual([]);
  const stopped = once(program.child, 'exit');
  program.child.kill('SIGTERM');
  expect(await stopped).toEqual([0, null]);
  await upstream.close();
  await rm(data, { recursive: true });
}, 120_000);

// The api killed at random moments under load; the compiled program, as `./wheelwright test` makes it before the tests.
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { openClient } from '../../client/client.js';
import { openWorkerApi } from '../../client/worker-api.js';
import { WheelwrightError } from '../../core/errors.js';
import { startApiProgram } from '../support/api-program.js';
import { startTestIndex } from '../support/simple-index.js';
import { makeWheel } from '../support/wheel.js';
import { workerFacts } from '../support/worker.js';

const PROJECTS = 12;
const KILLS = 4;
const LINES = 60;

/** What the api logged as errors, for the message when the test fails. */
const errors: string[] = [];

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

test('killed again and again: no request, no acknowledged line and no build is lost, nothing is published twice', async () => {
  const upstream = await startTestIndex();
  const data = await mkdtemp(join(tmpdir(), 'wheelwright-crash-'));
  const environment = {
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_UPSTREAM: upstream.url,
    WHEELWRIGHT_LEASE_MS: '5000',
  };
  let program = await startApiProgram(environment, errors);
  onTestFinished(() => void program.child.kill('SIGKILL'));
  const port = new URL(program.url).port;
  const token = (await readFile(join(data, 'admin-token'), 'utf8')).trim();
  const client = openClient({ url: program.url, token });
  const worker = openWorkerApi({ url: program.url, token });
  const done = new AbortController();
  const facts = workerFacts('crash-test');
  await worker.register(facts, done.signal);

  /** Again and again while the api is away, as a client that does not want to lose anything does. */
  async function persist<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch (error) {
        if (!(error instanceof WheelwrightError) || error.code !== 'unavailable') throw error;
        await sleep(50);
      }
    }
  }

  /** Line numbers that the api acknowledged, by attempt. */
  const acknowledged = new Map<string, number>();
  async function work(): Promise<void> {
    while (!done.signal.aborted) {
      const lease = await persist(() => worker.claim(facts, 500, done.signal)).catch(() => undefined);
      if (lease === undefined) continue;
      const signal = AbortSignal.timeout(60_000);
      try {
        for (let line = 1; line <= LINES; line += 5) {
          const text = Array.from({ length: 5 }, (_, index) => `line ${line + index}\n`).join('');
          const next = await persist(() => worker.appendLog(lease, line, text, signal));
          acknowledged.set(lease.attemptId, next - 1);
        }
        const { filename, bytes, sha256 } = makeWheel(
          `${lease.order.project}-1.0-cp313-cp313-manylinux_2_31_x86_64.whl`,
          `attempt = ${lease.attemptNumber}\n`,
        );
        const stream = () => new Blob([bytes]).stream() as never;
        await persist(() => worker.putArtifact(lease, filename, stream(), bytes.length, signal));
        const wheel = { filename, sha256, sizeBytes: bytes.length, grafted: [], needs: [] };
        await persist(() => worker.finish(lease, { kind: 'succeeded', wheel }, signal));
      } catch (error) {
        // Its lease ran out while the api was away: another attempt is under way.
        if (!(error instanceof WheelwrightError) || error.code !== 'conflict')
          throw new Error(errors.join('\n'), { cause: error });
      }
    }
  }

  const workers = [work(), work(), work()];
  const ids: string[] = [];
  async function ask(): Promise<void> {
    for (let number = 0; number < PROJECTS; number++) {
      upstream.add(`crash${number}`, `crash${number}-1.0.tar.gz`);
      const { builds } = await persist(() => client.requestBuilds({ requirement: `crash${number}==1.0` }));
      ids.push(...builds.map(({ id }) => id));
    }
  }
  const asking = ask();
  for (let round = 0; round < KILLS; round++) {
    await sleep(100 + Math.random() * 400);
    await kill(program.child);
    program = await startApiProgram({ ...environment, WHEELWRIGHT_API_PORT: port }, errors);
  }
  await asking;

  expect(new Set(ids).size).toBe(PROJECTS);
  for (const id of ids) {
    let build = await client.build(id);
    while (build.status !== 'succeeded') {
      expect(['queued', 'running']).toContain(build.status);
      await sleep(100);
      build = await client.build(id);
    }
    expect(build.files).toHaveLength(1);
    expect(build.attempts.filter(({ status }) => status === 'succeeded')).toHaveLength(1);
  }
  for (const [attemptId, lines] of acknowledged) {
    let log = '';
    for await (const piece of client.log(attemptId, 1)) log += piece;
    const kept = log.split('\n').slice(0, lines);
    expect(kept).toEqual(Array.from({ length: lines }, (_, index) => `line ${index + 1}`));
  }

  done.abort();
  await Promise.all(workers);
  expect(errors).toEqual([]);
  await Promise.all([client.close(), worker.close()]);
  const stopped = once(program.child, 'exit');
  program.child.kill('SIGTERM');
  expect(await stopped).toEqual([0, null]);
  await upstream.close();
  await rm(data, { recursive: true });
}, 120_000);

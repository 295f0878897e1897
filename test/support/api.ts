import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { type RunningApi, startApi } from '../../api/start.js';
import type { Build } from '../../client/contract.js';
import type { AttemptOutcome, Lease } from '../../core/attempt.js';
import { parseSettings } from '../../core/settings.js';
import { WORKER_PROTOCOL } from '../../core/worker.js';
import { startTestIndex, type TestIndex } from './simple-index.js';
import type { TestWheel } from './wheel.js';
import { workerFacts } from './worker.js';

export interface Answer<T> {
  status: number;
  headers: Headers;
  body: T;
}

/** A real API on a fresh data folder and a free port, with an upstream of its own and a clock that can be moved. */
export interface TestApi {
  api: RunningApi;
  upstream: TestIndex;
  data: string;
  token: string;
  /** Lets so much time pass for the service. */
  advance(ms: number): void;
  /** Sets the service's clock, as a person or a time server does: no time passes. */
  setClock(byMs: number): void;
  call<T = Record<string, unknown>>(
    method: string,
    path: string,
    options?: { json?: unknown; body?: string | Buffer; token?: string | undefined; lease?: Lease },
  ): Promise<Answer<T>>;
  ask(requirement: string, more?: Record<string, unknown>): Promise<Build[]>;
  build(id: string): Promise<Build>;
  /** As a worker named `test` that has room for everything. */
  claim(waitMs?: number): Promise<Lease>;
  finish(lease: Lease, outcome: AttemptOutcome): Promise<Answer<Build>>;
  /** Stores a wheel and ends the attempt with it. */
  deliver(lease: Lease, wheel: TestWheel): Promise<Answer<Build>>;
  /** Stops the API and, after that time by its clock, starts it again on the same data. */
  restart(downMs?: number): Promise<void>;
  close(): Promise<void>;
}

const WORKER = workerFacts('test');

export async function startTestApi(environment: Record<string, string> = {}): Promise<TestApi> {
  const upstream = await startTestIndex();
  const data = environment.WHEELWRIGHT_DATA ?? (await mkdtemp(join(tmpdir(), 'wheelwright-api-')));
  let moved = 0;
  let set = 0;
  let registered = false;
  const settings = parseSettings({
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_INDEX_URL: 'http://index.example',
    WHEELWRIGHT_UPSTREAM: upstream.url,
    ...environment,
  });
  const start = () =>
    startApi(settings, {
      log: pino({ level: 'silent' }),
      root: resolve('.'),
      clock: () => Date.now() + moved + set,
      steady: () => performance.now() + moved,
    });
  let api = await start();
  const test: TestApi = {
    get api() {
      return api;
    },
    upstream,
    data,
    token: (await readFile(join(data, 'admin-token'), 'utf8')).trim(),
    advance: (ms) => {
      moved += ms;
    },
    setClock: (byMs) => {
      set += byMs;
    },
    async call(method, path, { json, body, lease, ...rest } = {}) {
      const token = 'token' in rest ? rest.token : test.token;
      const sent = json === undefined ? body : JSON.stringify(json);
      const response = await fetch(`${api.url}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(json === undefined ? {} : { 'content-type': 'application/json' }),
          ...(lease === undefined ? {} : { 'wheelwright-lease': lease.token }),
        },
        ...(sent === undefined ? {} : { body: sent }),
      });
      const text = await response.text();
      const isJson = (response.headers.get('content-type') ?? '').includes('json');
      return { status: response.status, headers: response.headers, body: (isJson ? JSON.parse(text) : text) as never };
    },
    async ask(requirement, more = {}) {
      const answer = await test.call<{ builds: Build[] }>('POST', '/api/v1/builds', { json: { requirement, ...more } });
      if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
      return answer.body.builds;
    },
    build: async (id) => (await test.call<Build>('GET', `/api/v1/builds/${id}`)).body,
    async claim(waitMs = 0) {
      const { name: worker, session } = WORKER;
      if (!registered) {
        const json = { protocol: WORKER_PROTOCOL.newest, ...WORKER };
        const answer = await test.call('POST', '/api/v1/worker/registration', { json });
        if (answer.status !== 204) throw new Error(JSON.stringify(answer.body));
        registered = true;
      }
      const answer = await test.call<Lease>('POST', '/api/v1/worker/claims', { json: { worker, session, waitMs } });
      if (answer.status !== 200) throw new Error(`nothing to claim: ${answer.status}`);
      return answer.body;
    },
    finish: (lease, outcome) =>
      test.call('POST', `/api/v1/attempts/${lease.attemptId}/finish`, { json: outcome, lease }),
    async deliver(lease, { filename, bytes, sha256 }) {
      await test.call('PUT', `/api/v1/attempts/${lease.attemptId}/artifacts/${filename}`, { body: bytes, lease });
      const wheel = { filename, sha256, sizeBytes: bytes.length, grafted: [], needs: [] };
      return test.finish(lease, { kind: 'succeeded', wheel });
    },
    async restart(downMs = 0) {
      await api.close();
      moved += downMs;
      api = await start();
    },
    async close() {
      await api.close();
      await upstream.close();
      if (environment.WHEELWRIGHT_DATA === undefined) await rm(data, { recursive: true });
    },
  };
  return test;
}

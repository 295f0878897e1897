import { access } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Registry } from 'prom-client';
import { sendJson, sendText } from './answers.js';
import type { HostedIndex } from './hosted-index.js';
import type { CacheUse } from './upstream-pages.js';

type Handle = (request: IncomingMessage, response: ServerResponse) => void;

export interface MonitoringParts {
  hosted: Pick<HostedIndex, 'refresh' | 'reader'>;
  blobFolder: string;
  cacheFolder: string;
  cacheUses: CacheUses;
}

/** How often upstream pages and files came from the cache, by `<pages or files> <how>`. */
export type CacheUses = Map<string, number>;

export function countUse(uses: CacheUses, what: 'pages' | 'files', use: CacheUse): void {
  const key = `${what} ${use}`;
  uses.set(key, (uses.get(key) ?? 0) + 1);
}

const KINDS = [
  ['/simple/', 'simple'],
  ['/files/', 'files'],
  ['/trial/', 'trial'],
  ['/integrity/', 'integrity'],
] as const;

type AnswerSource = 'memory' | 'made';

/** Answers by kind and status, from memory or made for the request. */
export class AnswerCounts {
  readonly #counts: Record<AnswerSource, Map<string, Map<number, number>>> = { memory: new Map(), made: new Map() };

  count(url: string, status: number, from: AnswerSource): void {
    const kind = kindOf(url);
    const byStatus = this.#counts[from].get(kind);
    if (byStatus === undefined) this.#counts[from].set(kind, new Map([[status, 1]]));
    else byStatus.set(status, (byStatus.get(status) ?? 0) + 1);
  }

  *[Symbol.iterator](): Generator<{ kind: string; status: number; from: string; count: number }> {
    for (const [from, byKind] of Object.entries(this.#counts)) {
      for (const [kind, byStatus] of byKind) {
        for (const [status, count] of byStatus) yield { kind, status, from, count };
      }
    }
  }
}

/**
 * Puts `/metrics` and `/readyz` before the index, and counts what it answers. An answer from memory is out when the handler returns, so that counting it is one
 * addition: this is on the hottest path of all.
 */
export function monitored(handle: Handle, counts: AnswerCounts, parts: MonitoringParts): Handle {
  let registry: Promise<Registry> | undefined;
  return (request, response) => {
    const url = request.url ?? '';
    if (url === '/metrics' || url === '/readyz') {
      registry ??= createRegistry(counts, parts);
      const answer =
        url === '/metrics' ? sendMetrics(request, response, registry) : sendReadiness(request, response, parts);
      answer.catch(() => response.destroy());
      return;
    }
    handle(request, response);
    if (response.writableEnded) counts.count(url, response.statusCode, 'memory');
    else response.once('close', () => counts.count(url, response.statusCode, 'made'));
  };
}

function kindOf(url: string): string {
  for (const [start, kind] of KINDS) if (url.startsWith(start)) return kind;
  return 'other';
}

/** The library is loaded when somebody looks first, so that the index starts without waiting for it. */
async function createRegistry(counts: AnswerCounts, { hosted, cacheUses }: MonitoringParts): Promise<Registry> {
  const { Counter, collectDefaultMetrics, Gauge, Registry } = await import('prom-client');
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Counter({
    name: 'wheelwright_index_requests_total',
    help: 'Answers by kind of page and status; from memory, or made for the request.',
    labelNames: ['kind', 'status', 'from'],
    registers: [registry],
    collect() {
      this.reset();
      for (const { count, ...labels } of counts) this.inc(labels, count);
    },
  });
  new Counter({
    name: 'wheelwright_index_upstream_cache_total',
    help: 'Pages and files of upstreams by how they were had: hit, miss (fetched), stale or failed (the upstream did not answer).',
    labelNames: ['what', 'result'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [key, value] of cacheUses) {
        const [what, result] = key.split(' ') as [string, string];
        this.inc({ what, result }, value);
      }
    },
  });
  new Gauge({
    name: 'wheelwright_index_serial',
    help: 'Serial of the newest change of the index that this server has seen.',
    registers: [registry],
    collect() {
      this.reset();
      try {
        hosted.refresh();
        this.set(hosted.reader?.serial() ?? 0);
      } catch {
        // /readyz says so.
      }
    },
  });
  return registry;
}

async function sendMetrics(request: IncomingMessage, response: ServerResponse, made: Promise<Registry>): Promise<void> {
  const registry = await made;
  sendText(request, response, 200, await registry.metrics(), { 'Content-Type': registry.contentType });
}

/** Each part by name; 503 where one is down. A database that is not there yet is none: the index then serves what upstreams have. */
async function sendReadiness(
  request: IncomingMessage,
  response: ServerResponse,
  { hosted, blobFolder, cacheFolder }: MonitoringParts,
): Promise<void> {
  const state = async (probe: () => unknown) => {
    try {
      await probe();
      return { ok: true };
    } catch (error) {
      return { ok: false, reason: (error as Error).message };
    }
  };
  hosted.refresh();
  let serving = false;
  const database = await state(() => {
    serving = hosted.reader?.serial() !== undefined;
  });
  const blobs = await state(() => (serving ? access(blobFolder) : undefined));
  const parts = { database, blobs, cache: await state(() => access(cacheFolder)) };
  const ready = Object.values(parts).every(({ ok }) => ok);
  sendJson(request, response, ready ? 200 : 503, { ready, parts });
}

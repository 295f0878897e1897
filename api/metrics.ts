import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptOutcome } from '../core/attempt.js';
import { BUILD_STATUSES } from '../core/build.js';
import type { BuildStore } from '../core/store.js';

export interface Metrics {
  registry: Registry;
  attemptEnded(outcome: AttemptOutcome, durationMs: number): void;
  leasesExpired(count: number): void;
  requestEnded(method: string, status: number, durationMs: number): void;
}

/** The metrics of this program, in a registry of their own. */
export function createMetrics(store: Pick<BuildStore, 'buildCounts'>): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  new Gauge({
    name: 'wheelwright_builds',
    help: 'Builds by status; queued is the depth of the queue.',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const counts = await store.buildCounts();
      for (const status of BUILD_STATUSES) this.set({ status }, counts[status] ?? 0);
    },
  });
  const attempts = new Counter({
    name: 'wheelwright_attempts_total',
    help: 'Attempts that ended, by outcome and, for failures, by class.',
    labelNames: ['outcome', 'class'],
    registers: [registry],
  });
  const attemptSeconds = new Histogram({
    name: 'wheelwright_attempt_seconds',
    help: 'Time from the claim of an attempt to its end.',
    labelNames: ['outcome'],
    buckets: [1, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200],
    registers: [registry],
  });
  const requestSeconds = new Histogram({
    name: 'wheelwright_api_request_seconds',
    help: 'Time to answer a request, long polls and event streams included.',
    labelNames: ['method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers: [registry],
  });
  return {
    registry,
    attemptEnded(outcome, durationMs) {
      attempts.inc({ outcome: outcome.kind, class: outcome.kind === 'failed' ? outcome.failure.class : '' });
      attemptSeconds.observe({ outcome: outcome.kind }, durationMs / 1000);
    },
    leasesExpired: (count) => attempts.inc({ outcome: 'lost', class: '' }, count),
    requestEnded: (method, status, durationMs) =>
      requestSeconds.observe({ method, status: String(status) }, durationMs / 1000),
  };
}

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AttemptOutcome } from '../core/attempt.js';
import { BUILD_STATUSES } from '../core/build.js';
import type { Resources } from '../core/resources.js';
import type { AttemptRecord, BuildStore } from '../core/store.js';
import { SILENT_AFTER_MS, type WorkerRecord, type WorkerStore, workerState } from '../core/worker.js';

export interface Metrics {
  registry: Registry;
  /** An attempt was handed out; `waitedMs` since its build was asked for, where it is the first of that build. */
  attemptStarted(waitedMs: number | undefined): void;
  /** @param now milliseconds since the epoch */
  attemptEnded(outcome: AttemptOutcome, attempt: Pick<AttemptRecord, 'startedAt' | 'phases'>, now: number): void;
  leasesExpired(count: number): void;
  requestEnded(method: string, status: number, durationMs: number): void;
  /** A slot of a worker waits for an attempt, until the returned function is called. */
  slotWaits(worker: string): () => void;
}

export interface MetricsSources {
  store: Pick<BuildStore, 'buildCounts' | 'nextBuild'>;
  workers: Pick<WorkerStore, 'workers'>;
  /** Milliseconds since the epoch. */
  clock: () => number;
}

const SILENT_SHOWN_MS = 24 * 60 * 60_000;
const SECONDS = [1, 5, 15, 30, 60, 120, 300, 900, 1800, 3600, 7200];

/** The metrics of this program, in a registry of their own. */
export function createMetrics(sources: MetricsSources): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  addStoreGauges(registry, sources);
  const attempts = new Counter({
    name: 'wheelwright_attempts_total',
    help: 'Attempts that ended, by outcome and, for failures, by class.',
    labelNames: ['outcome', 'class'],
    registers,
  });
  const attemptSeconds = new Histogram({
    name: 'wheelwright_attempt_seconds',
    help: 'Time from the claim of an attempt to its end.',
    labelNames: ['outcome'],
    buckets: SECONDS,
    registers,
  });
  const phaseSeconds = new Histogram({
    name: 'wheelwright_phase_seconds',
    help: 'Time in each phase of attempts that ended.',
    labelNames: ['phase'],
    buckets: SECONDS,
    registers,
  });
  const waitSeconds = new Histogram({
    name: 'wheelwright_queue_wait_seconds',
    help: 'Time from asking for a build to its first attempt.',
    buckets: [0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400],
    registers,
  });
  const requestSeconds = new Histogram({
    name: 'wheelwright_api_request_seconds',
    help: 'Time to answer a request, long polls and event streams included.',
    labelNames: ['method', 'status'],
    buckets: [0.005, 0.02, 0.1, 0.5, 2, 10, 60],
    registers,
  });
  const idleSlots = new Gauge({
    name: 'wheelwright_worker_slots_idle',
    help: 'Slots of workers that wait for an attempt.',
    labelNames: ['worker'],
    registers,
  });
  const waiting = new Map<string, number>();
  return {
    registry,
    attemptStarted(waitedMs) {
      if (waitedMs !== undefined) waitSeconds.observe(waitedMs / 1000);
    },
    attemptEnded(outcome, { startedAt, phases }, now) {
      attempts.inc({ outcome: outcome.kind, class: outcome.kind === 'failed' ? outcome.failure.class : '' });
      attemptSeconds.observe({ outcome: outcome.kind }, (now - startedAt) / 1000);
      for (const { phase, ...times } of phases) {
        phaseSeconds.observe({ phase }, ((times.finishedAt ?? now) - times.startedAt) / 1000);
      }
    },
    leasesExpired: (count) => attempts.inc({ outcome: 'lost', class: '' }, count),
    requestEnded: (method, status, durationMs) =>
      requestSeconds.observe({ method, status: String(status) }, durationMs / 1000),
    slotWaits(worker) {
      const change = (by: number) => {
        const slots = (waiting.get(worker) ?? 0) + by;
        if (slots > 0) {
          waiting.set(worker, slots);
          idleSlots.set({ worker }, slots);
          return;
        }
        // Workers get another name with each start: those that are gone must not add up.
        waiting.delete(worker);
        idleSlots.remove({ worker });
      };
      change(1);
      return () => change(-1);
    },
  };
}

/** What the store knows is asked when somebody looks, so that it holds across restarts. */
function addStoreGauges(registry: Registry, { store, workers, clock }: MetricsSources): void {
  const registers = [registry];
  new Gauge({
    name: 'wheelwright_builds',
    help: 'Builds by status; queued is the depth of the queue.',
    labelNames: ['status'],
    registers,
    async collect() {
      const counts = await store.buildCounts();
      for (const status of BUILD_STATUSES) this.set({ status }, counts[status] ?? 0);
    },
  });
  new Gauge({
    name: 'wheelwright_queue_next_wait_seconds',
    help: 'How long ago the build that is next was asked for; 0 where none is queued.',
    registers,
    async collect() {
      const next = await store.nextBuild(clock());
      this.set(next === undefined ? 0 : Math.max(clock() - next.createdAt, 0) / 1000);
    },
  });
  const perWorker: [name: string, help: string, value: (worker: WorkerRecord) => number][] = [
    ['wheelwright_worker_slots', 'Slots of a worker.', ({ slots }) => slots],
    ['wheelwright_worker_slots_busy', 'Slots of a worker that make an attempt.', ({ running }) => running.length],
    ['wheelwright_worker_cpus', "CPUs that a worker's attempts may use together.", ({ budget }) => budget.cpus],
    ['wheelwright_worker_cpus_reserved', "CPUs that a worker's attempts have.", reserved('cpus')],
    ['wheelwright_worker_memory_bytes', "Memory that a worker's attempts may use.", ({ budget }) => budget.memoryBytes],
    ['wheelwright_worker_memory_reserved_bytes', "Memory that a worker's attempts have.", reserved('memoryBytes')],
  ];
  for (const [name, help, value] of perWorker) {
    new Gauge({
      name,
      help: `${help} Workers that are there, or have an attempt.`,
      labelNames: ['worker'],
      registers,
      async collect() {
        this.reset();
        for (const worker of await present()) this.set({ worker: worker.name }, value(worker));
      },
    });
  }
  new Gauge({
    name: 'wheelwright_workers',
    help: 'Workers by state: active, draining, or silent for less than a day without having said that they stop.',
    labelNames: ['state'],
    registers,
    async collect() {
      const now = clock();
      const states = (await workers.workers(now - SILENT_SHOWN_MS)).map((worker) => workerState(worker, now));
      for (const state of ['active', 'draining', 'silent'] as const) {
        this.set({ state }, states.filter((other) => other === state).length);
      }
    },
  });

  async function present(): Promise<WorkerRecord[]> {
    const now = clock();
    const seen = await workers.workers(now - SILENT_AFTER_MS);
    return seen.filter((worker) => worker.running.length > 0 || workerState(worker, now) !== 'stopped');
  }
}

function reserved(kind: keyof Resources): (worker: WorkerRecord) => number {
  return ({ running }) => running.reduce((sum, attempt) => sum + attempt[kind], 0);
}

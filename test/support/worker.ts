import type { WorkerFacts } from '../../core/worker.js';

/** A worker that has room for whatever a test does. */
export function workerFacts(name = 'worker', changes: Partial<WorkerFacts> = {}): WorkerFacts {
  return {
    name,
    session: `session-of-${name}`,
    version: '0.1.0',
    engineVersion: '20.10.24',
    architectures: ['x86_64'],
    labels: [],
    trust: ['stable', 'trial'],
    slots: 1_000,
    budget: { cpus: 10_000, memoryBytes: 2 ** 50, diskBytes: 2 ** 50 },
    share: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
    ...changes,
  };
}

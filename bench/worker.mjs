/** What a worker that is none says when it registers, with room for whatever a benchmark asks of it. */
export const WORKER = {
  name: 'bench',
  session: 'bench-session',
  version: '0',
  engineVersion: '0',
  architectures: ['x86_64'],
  labels: [],
  trust: ['stable', 'trial'],
  slots: 1000,
  budget: { cpus: 1000, memoryBytes: 2 ** 50, diskBytes: 2 ** 50 },
  share: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
};

// Who makes which build next. Pure: the store asks, in the transaction in which it hands the build out.
//
// Queued builds stand in lines: one for each project, priority and placement, first come, first served. A project has a turn at each of its priorities, and the earliest
// turn goes first. Once served, a project's turn is now, so projects take turns however many builds each has. A priority counts as a delay: what has smaller
// ones goes before what was asked for later, but never for longer than that delay, so nothing waits for ever.
import type { Placement, Resources } from './resources.js';
import type { WorkerCapacity } from './worker.js';

export interface QueueLine {
  project: string;
  /** Smaller is sooner. */
  priority: number;
  placement: Placement;
  /** Milliseconds since the epoch, the delay of its priority included. Equal for all lines of a project and priority. */
  turnAt: number;
  /** The turn in which this line was served last; 0 for never. Among the lines of one turn, the one longest ago goes first. */
  servedTurn: number;
}

export type Reservation = Resources & { exclusive: boolean };

/** A worker that is there and may be given builds, with what it makes now. */
export interface WorkerLoad extends WorkerCapacity {
  name: string;
  running: readonly Reservation[];
}

export type Choice =
  | { kind: 'take'; line: QueueLine; reserved: Reservation }
  /** This line's turn has come, and the worker takes nothing else until there is room for it. */
  | { kind: 'hold'; line: QueueLine }
  | { kind: 'nothing' };

/** How long one point of priority lets later builds go first. */
export const DELAY_MS_PER_POINT = 60_000;
/** Sums of fractions of CPUs are not exact. */
const CPU_GRAIN = 1e-6;

/** The turn of a project that has just got its first build at that priority. */
export function firstTurn(priority: number, now: number): number {
  return now + priority * DELAY_MS_PER_POINT;
}

/** The turn of a project that was served at that priority just now: behind all that are waiting. */
export function nextTurn(priority: number, turnAt: number, now: number): number {
  return Math.max(turnAt, firstTurn(priority, now)) + 1;
}

/** Sorts lines by whose turn is first. */
export function byTurn(a: QueueLine, b: QueueLine): number {
  return a.turnAt - b.turnAt || a.servedTurn - b.servedTurn || (a.project < b.project ? -1 : 1);
}

/**
 * What a worker makes next. The earliest turn that it can serve decides: where there is no room for it yet, one worker stays free for it, so that small builds never keep a large
 * one out.
 * @param lines by turn, each with a build that can be tried now
 * @param fleet all workers that are there and not drained, this one included
 */
export function chooseLine(worker: WorkerLoad, lines: readonly QueueLine[], fleet: readonly WorkerLoad[]): Choice {
  if (worker.running.length >= worker.slots || worker.running.some(({ exclusive }) => exclusive)) {
    return { kind: 'nothing' };
  }
  for (const line of lines) {
    const able = ableWorkers(line.placement, fleet);
    if (!able.some(({ name }) => name === worker.name)) continue;
    const reserved = reservation(line.placement, worker);
    if (hasRoom(worker, reserved)) return { kind: 'take', line, reserved };
    if (holderOf(able)?.name === worker.name) return { kind: 'hold', line };
  }
  return { kind: 'nothing' };
}

interface Condition {
  holds(worker: WorkerCapacity, placement: Placement): boolean;
  /** What to say where it holds for none of these, which are all that the conditions before it leave. */
  missed(placement: Placement, fleet: readonly WorkerCapacity[]): string;
}

/** What makes a worker one of the kind that a build asks for. */
const CONDITIONS: readonly Condition[] = [
  {
    holds: ({ architectures }, { arch }) => architectures.includes(arch),
    missed({ arch }, fleet) {
      const present = [...new Set(fleet.flatMap(({ architectures }) => architectures))].join(', ');
      return `No worker builds for ${arch}; those that are there build for ${present}. Start one on such a machine.`;
    },
  },
  {
    holds: ({ trust }, { channel }) => trust.includes(channel),
    missed: ({ arch, channel }) =>
      `No worker for ${arch} takes builds of the ${channel} channel. A worker's WHEELWRIGHT_WORKER_TRUST says which it takes.`,
  },
  {
    holds: (worker, { labels = [] }) => labels.every((label) => worker.labels.includes(label)),
    missed: ({ labels = [] }) =>
      `No worker has all the labels that the recipe asks for: ${labels.join(', ')}. A worker's WHEELWRIGHT_WORKER_LABELS gives it labels.`,
  },
];

/** Whether the worker is of the kind that the build asks for, whatever its size. */
export function suits(worker: WorkerCapacity, placement: Placement): boolean {
  return CONDITIONS.every(({ holds }) => holds(worker, placement));
}

/** Why none of these workers can be given a build, in sentences that end with the next step; undefined where one can, if only after others. */
export function nobodyFor(placement: Placement, fleet: readonly WorkerCapacity[]): string | undefined {
  if (fleet.length === 0) return 'No worker is there that takes builds. `./wheelwright up` starts one.';
  let left = fleet;
  for (const { holds, missed } of CONDITIONS) {
    const able = left.filter((worker) => holds(worker, placement));
    if (able.length === 0) return missed(placement, left);
    left = able;
  }
  return undefined;
}

/** Whether the worker has what the build asks for while it makes nothing else. */
export function isLargeEnough({ budget }: WorkerCapacity, placement: Placement): boolean {
  const { cpus = 0, memoryBytes = 0, diskBytes = 0 } = placement;
  return cpus <= budget.cpus + CPU_GRAIN && memoryBytes <= budget.memoryBytes && diskBytes <= budget.diskBytes;
}

/** What a build gets on a worker: what it asks for, or else the usual share; never more than there is. One that runs alone gets all that it does not limit itself. */
export function reservation(placement: Placement, { budget, share }: WorkerCapacity): Reservation {
  const exclusive = placement.exclusive === true;
  const usual = exclusive ? budget : share;
  const amount = (kind: keyof Resources) => Math.min(placement[kind] ?? usual[kind], budget[kind]);
  return { cpus: amount('cpus'), memoryBytes: amount('memoryBytes'), diskBytes: amount('diskBytes'), exclusive };
}

/** Those of the right kind that are large enough; where none is, those of the right kind, which give all that they have. */
function ableWorkers(placement: Placement, fleet: readonly WorkerLoad[]): WorkerLoad[] {
  const suitable = fleet.filter((worker) => suits(worker, placement));
  const large = suitable.filter((worker) => isLargeEnough(worker, placement));
  return large.length > 0 ? large : suitable;
}

function hasRoom({ running, budget }: WorkerLoad, wanted: Reservation): boolean {
  if (wanted.exclusive && running.length > 0) return false;
  const free = (kind: keyof Resources) => budget[kind] - running.reduce((sum, reserved) => sum + reserved[kind], 0);
  return (
    wanted.cpus <= free('cpus') + CPU_GRAIN &&
    wanted.memoryBytes <= free('memoryBytes') &&
    wanted.diskBytes <= free('diskBytes')
  );
}

/** The one with the fewest attempts: as long as it takes nothing, it stays that, until it has room. */
function holderOf(workers: readonly WorkerLoad[]): WorkerLoad | undefined {
  return workers.reduce<WorkerLoad | undefined>((best, worker) => {
    if (best === undefined) return worker;
    const fewer = worker.running.length - best.running.length;
    return fewer < 0 || (fewer === 0 && worker.name < best.name) ? worker : best;
  }, undefined);
}

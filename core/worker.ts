// What a worker says of itself when it registers, and what is known of it since.
import { z } from 'zod';
import { CHANNELS } from './build.js';
import { WheelwrightError } from './errors.js';
import type { Resources } from './resources.js';

const resourcesSchema = z.strictObject({
  cpus: z.number().positive(),
  memoryBytes: z.int().positive(),
  diskBytes: z.int().positive(),
});

const strings = () => z.array(z.string().min(1).max(200)).max(100);

/** What comes to these later is optional: workers of an earlier version are in the database without it. */
export const workerFactsSchema = z.strictObject({
  name: z.string().min(1).max(200),
  /** Made anew at each start, so that two workers of one name are told apart. */
  session: z.string().min(8).max(100),
  /** Of Wheelwright. */
  version: z.string().min(1).max(100),
  engineVersion: z.string().max(100),
  /** As in platform tags. */
  architectures: strings().min(1),
  labels: strings(),
  /** Whose builds it takes: `stable` those of recipes that somebody answers for, `trial` those of recipes that nobody has approved. */
  trust: z.array(z.enum(CHANNELS)).min(1),
  /** Attempts at the same time. */
  slots: z.int().positive().max(1_000),
  /** What its attempts may use together. */
  budget: resourcesSchema,
  /** What an attempt gets where its recipe says nothing. */
  share: resourcesSchema,
});
export type WorkerFacts = z.infer<typeof workerFactsSchema>;

/** What decides which builds a worker can be given. */
export type WorkerCapacity = Pick<WorkerFacts, 'architectures' | 'labels' | 'trust' | 'slots' | 'budget' | 'share'>;

/** Who asks for work. */
export interface WorkerRef {
  name: string;
  session: string;
}

/** A registered worker as it is now. Times are milliseconds since the epoch. */
export interface WorkerRecord extends WorkerFacts {
  registeredAt: number;
  /** Its last claim, or the last heartbeat of one of its attempts. */
  lastSeen: number;
  /** It said that it stops. */
  stoppedAt?: number;
  /** It is given nothing more until somebody resumes it. */
  draining: boolean;
  running: (Resources & { attemptId: string; buildId: string; project: string; version: string })[];
}

/** Workers ask at least every 20 s, and for each attempt every second. One that is silent for longer is gone, and its name is free. */
export const SILENT_AFTER_MS = 45_000;

export type WorkerState = 'active' | 'draining' | 'silent' | 'stopped';

export function workerState(
  { lastSeen, stoppedAt, draining }: Pick<WorkerRecord, 'lastSeen' | 'stoppedAt' | 'draining'>,
  now: number,
): WorkerState {
  if (stoppedAt !== undefined) return 'stopped';
  if (now - lastSeen > SILENT_AFTER_MS) return 'silent';
  return draining ? 'draining' : 'active';
}

/** The numbers of the protocol between worker and api that this version speaks. It is raised when one that does not know of a change would do harm. */
export const WORKER_PROTOCOL = { oldest: 1, newest: 1 } as const;

/** @throws WheelwrightError `conflict` for a worker that this api cannot work with, whatever else it says */
export function assertProtocol(
  spoken: number,
  worker: { name: string; version: string },
  { oldest, newest }: { oldest: number; newest: number } = WORKER_PROTOCOL,
): void {
  if (spoken >= oldest && spoken <= newest) return;
  const known = oldest === newest ? `${newest}` : `${oldest} to ${newest}`;
  throw new WheelwrightError(
    'conflict',
    `the worker ${worker.name} (version ${worker.version}) speaks protocol ${spoken}, this api ${known}`,
    {
      hint:
        spoken < oldest
          ? 'The worker is too old for this api: bring it to the same version. What it has begun it may finish.'
          : 'The worker is newer than this api: bring the api to the same version; the worker goes on by itself then.',
    },
  );
}

export interface WorkerStore {
  /**
   * Lets a worker in, or takes over what it says of itself now. A drained one stays drained.
   * @throws WheelwrightError `conflict` while another worker of that name is at work
   */
  register(facts: WorkerFacts, now: number): Promise<void>;
  /** It stops: its name is free at once. Nothing happens where it is not registered any more. */
  leave(worker: WorkerRef, now: number): Promise<void>;
  /** @throws WheelwrightError `not-found` */
  setDraining(name: string, draining: boolean): Promise<void>;
  /** Those that were seen since then or have an attempt, by name. */
  workers(since: number): Promise<WorkerRecord[]>;
}

// The workers of a service, for its operators.
import { z } from 'zod';
import { CHANNELS } from '../core/build.js';
import { type Connection, sendForJson } from './connection.js';

const resourcesSchema = z.object({ cpus: z.number(), memoryBytes: z.number(), diskBytes: z.number() });

const workerSchema = z.object({
  name: z.string(),
  /** `silent`: nothing was heard of it for a while, and it did not say that it stops. */
  state: z.enum(['active', 'draining', 'silent', 'stopped']),
  version: z.string(),
  engineVersion: z.string(),
  architectures: z.array(z.string()),
  labels: z.array(z.string()),
  trust: z.array(z.enum(CHANNELS)),
  slots: z.object({ total: z.int(), used: z.int() }),
  budget: resourcesSchema,
  /** What its attempts have of the budget. */
  used: resourcesSchema,
  registeredAt: z.string(),
  lastSeen: z.string(),
  running: z.array(z.object({ attemptId: z.string(), buildId: z.string(), project: z.string(), version: z.string() })),
});
export type Worker = z.infer<typeof workerSchema>;

const workersSchema = z.object({ workers: z.array(workerSchema) });

const PATH = '/api/v1/workers';

/** Those that were there within the last day, by name. */
export async function listWorkers(connection: Connection, signal?: AbortSignal): Promise<Worker[]> {
  return (await sendForJson(connection, 'GET', PATH, workersSchema, { signal })).workers;
}

/** `drain`: it finishes what it has and is given nothing more. @throws WheelwrightError `not-found` */
export function steerWorker(
  connection: Connection,
  name: string,
  action: 'drain' | 'resume',
  signal?: AbortSignal,
): Promise<Worker> {
  return sendForJson(connection, 'POST', `${PATH}/${encodeURIComponent(name)}/${action}`, workerSchema, { signal });
}

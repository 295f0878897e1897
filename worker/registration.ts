import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import type { WorkerApi } from '../client/worker-api.js';
import type { Engine } from '../core/engine.js';
import { WheelwrightError } from '../core/errors.js';
import type { Settings } from '../core/settings.js';
import type { WorkerRef } from '../core/worker.js';
import { workerCapacity } from './limits.js';

const LEAVE_MS = 5_000;

export interface Registration {
  /** What the worker is known by; registers where it is not. @throws WheelwrightError when the engine or the api is away, or the api does not take it */
  current(): Promise<WorkerRef>;
  /** What the worker is known by now, if it is. */
  known(): WorkerRef | undefined;
  /** A call failed: where the api does not know the worker any more, the next one registers again. */
  renew(error: unknown): void;
  /** Tells the api that the worker stops, so that its name is free at once. */
  end(): Promise<void>;
}

/** The worker's standing with the api, one for all its slots. */
export function openRegistration(
  site: {
    api: Pick<WorkerApi, 'register' | 'leave'>;
    engine: Pick<Engine, 'facts'>;
    settings: Settings;
    name: string;
    version: string;
    logger: Pick<Logger, 'info'>;
  },
  signal: AbortSignal,
): Registration {
  const { api, engine, settings, name, version, logger } = site;
  const me: WorkerRef = { name, session: randomUUID() };
  let registered: Promise<WorkerRef> | undefined;

  async function register(): Promise<WorkerRef> {
    const facts = await engine.facts(signal);
    const capacity = workerCapacity(settings, facts);
    await api.register({ ...me, version, engineVersion: facts.version, ...capacity }, signal);
    logger.info({ worker: name, ...capacity }, 'registered with the api');
    return me;
  }

  return {
    current() {
      registered ??= register().catch((error: unknown) => {
        registered = undefined;
        throw error;
      });
      return registered;
    },
    known: () => (registered === undefined ? undefined : me),
    renew(error) {
      if (error instanceof WheelwrightError && error.code === 'conflict') registered = undefined;
    },
    async end() {
      if (registered === undefined) return;
      // Where the api is away, it finds out by the silence.
      await registered.then((worker) => api.leave(worker, AbortSignal.timeout(LEAVE_MS))).catch(() => undefined);
    },
  };
}

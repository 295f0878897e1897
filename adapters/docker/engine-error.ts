import { reasonOf, WheelwrightError } from '../../core/errors.js';

interface ResponseError {
  statusCode?: number;
  message?: string;
}

export function statusOf(error: unknown): number | undefined {
  return (error as ResponseError | null)?.statusCode;
}

/** For removing and killing containers: what is gone or has stopped is what was wanted (404, 409 "not running", 409 "removal already in progress"). */
export function ignoreGone(error: unknown): void {
  const status = statusOf(error);
  if (status !== 404 && status !== 409) throw error;
}

/** For removing volumes, where 409 means that a container still uses it. */
export function ignoreMissing(error: unknown): void {
  if (statusOf(error) !== 404) throw error;
}

/** An engine adds up what volumes take for one caller at a time: another worker on it has just asked. */
export function isBusyElsewhere(error: unknown): boolean {
  return /operation is already running/.test((error as ResponseError | null)?.message ?? '');
}

const FORBIDDEN =
  "The worker's user may not use the engine's socket, most often since it is not in the group `docker`.";

/** The engine's error as the domain's. Whatever the engine refuses is broken infrastructure: no attempt is blamed for it. */
export function engineError(doing: string, error: unknown): WheelwrightError {
  if (error instanceof WheelwrightError) return error;
  const said = reasonOf(error);
  const status = statusOf(error);
  if (status === undefined) {
    return new WheelwrightError('unavailable', `the container engine went away while ${doing}: ${said}`, {
      hint: `${/\bEACCES\b/.test(said) ? FORBIDDEN : 'Is it running?'} \`docker info\` on the worker tells; DOCKER_HOST names another one. The attempt is tried again by itself.`,
      cause: error,
    });
  }
  return new WheelwrightError('unavailable', `the container engine refused ${doing} (${status}): ${said}`, {
    hint: refusalHint(status, said),
    cause: error,
  });
}

function refusalHint(status: number, said: string): string {
  if (status === 404) {
    return 'An image, volume or container was removed meanwhile, e.g. by `docker system prune`. The attempt is tried again by itself.';
  }
  if (/no space left on device|disk quota exceeded/i.test(said)) {
    return 'Make room where the engine keeps its images and volumes: `docker system df` shows what takes it, `wheelwright clean` removes what nothing uses. The attempt is tried again by itself.';
  }
  return 'Often a limit that this engine does not support; its own log says more.';
}

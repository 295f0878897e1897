import { presentedToken } from '../core/presented-token.js';
import type { HostedIndex } from './hosted-index.js';

/** A revoked token is refused at the latest after this. */
const REMEMBERED_MS = 1_000;
const MAX_REMEMBERED = 1_000;

/** Who may read an index that takes a token: any of the service's that is not revoked. */
export class Login {
  readonly #hosted: Pick<HostedIndex, 'reader'>;
  readonly #clock: () => number;
  readonly #remembered = new Map<string, { admitted: boolean; until: number }>();

  /** @param clock milliseconds, monotonic */
  constructor(hosted: Pick<HostedIndex, 'reader'>, clock: () => number) {
    this.#hosted = hosted;
    this.#clock = clock;
  }

  /** @throws WheelwrightError `unavailable` when the service's database cannot be read. */
  admits(authorization: string | undefined): boolean {
    if (authorization === undefined) return false;
    const now = this.#clock();
    const known = this.#remembered.get(authorization);
    if (known !== undefined && known.until > now) return known.admitted;
    const token = presentedToken(authorization);
    const admitted = token !== undefined && this.#hosted.reader?.hasToken(token) === true;
    if (this.#remembered.size >= MAX_REMEMBERED) this.#remembered.clear();
    this.#remembered.set(authorization, { admitted, until: now + REMEMBERED_MS });
    return admitted;
  }
}

import { type IndexReader, openIndexReader } from '../adapters/sqlite/index-reader.js';
import { WheelwrightError } from '../core/errors.js';
import { isReserved } from '../core/index-policy.js';
import { lookAlikeOf, nameSkeleton } from '../core/look-alike.js';

/** What changed in the service's database: some projects, or possibly everything. */
export type HostedChange = { kind: 'projects'; names: readonly string[] } | { kind: 'everything' };

/** A publish must be seen by the next request within 50 ms; asking SQLite costs about 3 µs. */
const CHECK_EVERY_MS = 5;
/** How often a missing or replaced database is looked for. */
const REOPEN_EVERY_MS = 250;

/** What answers are made of. */
export type HostedProjects = Pick<HostedIndex, 'refresh' | 'reader' | 'isOwned' | 'isReserved' | 'lookAlike'>;

/** The service's database as the index sees it: absent at first perhaps, growing, or replaced by a restore. */
export class HostedIndex {
  readonly #path: string;
  readonly #onChange: (change: HostedChange) => void;
  readonly #onFault: (error: unknown) => void;
  readonly #clock: () => number;
  #reader: IndexReader | undefined;
  /** Once there has been a database, its absence is a fault and no empty service. */
  #seen = false;
  /** Why it could not be read when it was last tried. */
  #fault: unknown;
  #serial = 0;
  #reserved: readonly string[] = [];
  #checkedAt = Number.NEGATIVE_INFINITY;
  /** Requests that came together are answered together, and look once. */
  #looked = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  /** @param clock milliseconds, monotonic */
  constructor(
    path: string,
    options: { onChange: (change: HostedChange) => void; onFault: (error: unknown) => void; clock: () => number },
  ) {
    this.#path = path;
    this.#onChange = options.onChange;
    this.#onFault = options.onFault;
    this.#clock = options.clock;
  }

  /** Notices what the service has written; called before each request is answered. Never throws: what is in memory goes on being served. */
  refresh(): void {
    if (this.#looked) return;
    this.#looked = true;
    setImmediate(() => {
      this.#looked = false;
    });
    const now = this.#clock();
    if (now - this.#checkedAt < CHECK_EVERY_MS) return;
    this.#checkedAt = now;
    try {
      if (now - this.#lookedAt >= REOPEN_EVERY_MS) {
        this.#lookedAt = now;
        this.#reopen();
      }
      this.#notice();
    } catch (error) {
      this.#onFault(error);
      this.#fault = error;
      this.close();
      // There is something, only not readable.
      this.#seen = true;
    }
  }

  /**
   * The reader; undefined while the service has not made its database.
   * @throws WheelwrightError `unavailable` when there was one and it cannot be read: which names are owned is not known then, and an upstream must not be asked
   * for them.
   */
  get reader(): IndexReader | undefined {
    if (this.#reader === undefined && this.#seen) {
      if (this.#fault instanceof WheelwrightError) throw this.#fault;
      throw new WheelwrightError('unavailable', "the service's database cannot be read", {
        hint: 'It is being restored, or its disk is gone; the log of the index-server says more.',
      });
    }
    return this.#reader;
  }

  /** Whether a project is this organisation's own, so that no upstream may say anything about it. */
  isOwned(project: string): boolean {
    return isReserved(this.#reserved, project) || this.reader?.project(project)?.owned === true;
  }

  isReserved(project: string): boolean {
    return isReserved(this.#reserved, project);
  }

  /** A name owned or reserved here that a project of another name can be taken for. */
  lookAlike(project: string): string | undefined {
    return this.reader?.ownedLookAlike(nameSkeleton(project), project) ?? lookAlikeOf(project, this.#reserved);
  }

  close(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  #reopen(): void {
    if (this.#reader?.isCurrent() === true) return;
    const had = this.#reader !== undefined;
    this.close();
    this.#reader = openIndexReader(this.#path);
    this.#fault = undefined;
    if (this.#reader === undefined) {
      if (had) this.#onFault(new Error(`${this.#path} has gone`));
      return;
    }
    this.#seen = true;
    this.#serial = this.#reader.serial();
    this.#reserved = this.#reader.reservedNames();
    this.#onChange({ kind: 'everything' });
  }

  #notice(): void {
    const reader = this.#reader;
    if (reader === undefined) return;
    const serial = reader.serial();
    if (serial === this.#serial) return;
    const names = reader.projectsChangedSince(this.#serial);
    const reserved = reader.reservedNames();
    // A serial that fell is another history: a database restored in place.
    const everything = serial < this.#serial || reserved.join() !== this.#reserved.join();
    this.#serial = serial;
    this.#reserved = reserved;
    this.#onChange(everything ? { kind: 'everything' } : { kind: 'projects', names });
  }
}

import { WheelwrightError } from '../../core/errors.js';
import type { BuildStore, NewFile } from '../../core/store.js';
import type { Database } from './database.js';

type Outcome = 'added' | 'present' | WheelwrightError;
type AddFile = (trx: Database, file: NewFile, now: number) => Promise<'added' | 'present'>;

interface Waiting {
  file: NewFile;
  now: number;
  resolve(outcome: 'added' | 'present'): void;
  reject(error: unknown): void;
}

/** Between two commits. A file that comes alone does not wait. */
const GAP_MS = 8;

/**
 * Adds files that come at the same time in one transaction. A commit waits for the disk, and while it does nothing else runs in this process: so eight uploads
 * at once wait once, not eight times.
 * @param addFile refuses a file by throwing a WheelwrightError before it writes anything.
 */
export function addFilesInGroups(db: Database, addFile: AddFile): BuildStore['addFile'] {
  let waiting: Waiting[] = [];
  let committedAt = Number.NEGATIVE_INFINITY;
  const addOne = ({ file, now }: Waiting) => db.transaction().execute((trx) => addFile(trx, file, now));

  async function addWaiting(): Promise<void> {
    const group = waiting;
    waiting = [];
    let outcomes: Outcome[];
    try {
      outcomes = await db.transaction().execute(async (trx) => {
        const all: Outcome[] = [];
        for (const { file, now } of group) all.push(await addFile(trx, file, now).catch(refusal));
        return all;
      });
      committedAt = performance.now();
    } catch (error) {
      if (group.length === 1) return group[0]?.reject(error);
      // One of them broke the transaction; the others must not go down with it.
      for (const each of group) await addOne(each).then(each.resolve, each.reject);
      return;
    }
    group.forEach(({ resolve, reject }, n) => {
      const outcome = outcomes[n] as Outcome;
      if (outcome instanceof WheelwrightError) reject(outcome);
      else resolve(outcome);
    });
  }

  return (file, now) =>
    new Promise((resolve, reject) => {
      waiting.push({ file, now, resolve, reject });
      if (waiting.length > 1) return;
      const waitMs = committedAt + GAP_MS - performance.now();
      // Not at once in any case: what else has come in this turn of the event loop goes along.
      if (waitMs > 0) setTimeout(addWaiting, waitMs);
      else setImmediate(addWaiting);
    });
}

function refusal(error: unknown): WheelwrightError {
  if (error instanceof WheelwrightError) return error;
  throw error;
}

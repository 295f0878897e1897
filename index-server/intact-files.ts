import { createHash } from 'node:crypto';
import { open, stat } from 'node:fs/promises';

const READ_BYTES = 256 * 1024;
const SHORTAGES: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE', 'ENOMEM', 'EAGAIN']);

/** Finds files whose bytes rotted on disk: each is hashed before this process serves it the first time, and again when it looks changed. */
export class IntactFiles {
  readonly #checked = new Map<string, { mark: string; intact: Promise<boolean> }>();
  readonly #hash: (path: string) => Promise<string>;

  /** @param hash gives the sha256 of a file, in hex */
  constructor(hash = hashFile) {
    this.#hash = hash;
  }

  /**
   * Size of the file when its bytes have the hash; undefined when they have another or it is not there.
   * @throws the error of the system when it cannot be read for want of files or memory
   */
  async sizeOf(path: string, sha256: string): Promise<number | undefined> {
    const status = await stat(path).catch(() => undefined);
    if (status === undefined) return undefined;
    const mark = `${status.ino} ${status.size} ${status.mtimeMs}`;
    let entry = this.#checked.get(sha256);
    if (entry?.mark !== mark) {
      entry = { mark, intact: this.#hash(path).then((actual) => actual === sha256) };
      this.#remember(sha256, entry);
    }
    try {
      return (await entry.intact) ? status.size : undefined;
    } catch (error) {
      if (this.#checked.get(sha256) === entry) this.#checked.delete(sha256);
      // A disk that fails is damage; that there are too many open files says nothing of this one.
      if (!SHORTAGES.has((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  }

  #remember(sha256: string, entry: { mark: string; intact: Promise<boolean> }): void {
    this.#checked.set(sha256, entry);
    const [oldest] = this.#checked.keys();
    if (this.#checked.size > 100_000 && oldest !== undefined) this.#checked.delete(oldest);
  }
}

async function hashFile(path: string): Promise<string> {
  const handle = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    const buffer = Buffer.allocUnsafe(READ_BYTES);
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, READ_BYTES, null);
      if (bytesRead === 0) return hash.digest('hex');
      hash.update(buffer.subarray(0, bytesRead));
    }
  } finally {
    await handle.close();
  }
}

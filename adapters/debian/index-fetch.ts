import { createWriteStream } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar from 'tar-stream';
import type { ContainerExit, Engine } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';
import type { FetchIndex } from './kept-index.js';

const FOLDER = '/inputs/index';
const LIMITS = { cpus: 1, memoryBytes: 1 << 30, processes: 64, timeoutMs: 10 * 60_000, diskBytes: 4 * 2 ** 30 };
const LAST_WORDS = 2_000;

/**
 * Fetches an index of the distribution's by the apt of a builder image, so from the image's own sources and checked by its keys, in a workspace that exists already.
 * @param script shell, given an empty folder in which it leaves the index as files that end in `.gz`, and then the words
 * @throws WheelwrightError `unavailable` when the mirror cannot be reached or has no such index
 */
export function createIndexFetcher(
  engine: Engine,
  script: string,
  where: { image: string; workspace: string },
  words: readonly string[] = [],
): FetchIndex {
  return async (folder, signal) => {
    let said = '';
    await makeFolder(engine, where.workspace, signal);
    const exit = await engine.run(
      {
        image: where.image,
        command: ['sh', '-c', `rm -rf "$1"/*\n${script}`, 'index', FOLDER, ...words],
        environment: { LC_ALL: 'C.UTF-8', HOME: '/tmp' },
        network: 'outside',
        workspace: where.workspace,
        mounts: { inputs: 'read-write' },
        limits: LIMITS,
      },
      async (chunk) => {
        said = (said + chunk.toString()).slice(-LAST_WORDS);
        return 'continue';
      },
      signal,
    );
    if (exit.kind !== 'exited' || exit.code !== 0) throw refused(exit, said);
    await unpack(engine, where.workspace, folder, signal);
  };
}

/** A volume's own top belongs to root; what is carried into it belongs to the user that the containers run as. */
async function makeFolder(engine: Engine, workspace: string, signal: AbortSignal): Promise<void> {
  const archive = tar.pack();
  archive.entry({ name: `${basename(FOLDER)}/`, type: 'directory' });
  archive.finalize();
  const open = () => Readable.from(archive, { objectMode: false });
  await engine.putTars(workspace, [{ folder: dirname(FOLDER), open }], signal);
}

async function unpack(engine: Engine, workspace: string, folder: string, signal: AbortSignal): Promise<void> {
  const archive = await engine.getTar(workspace, FOLDER, signal);
  const entries = archive.pipe(tar.extract());
  archive.once('error', (error) => entries.destroy(error));
  for await (const entry of entries) {
    const name = basename(entry.header.name);
    if (name.endsWith('.gz')) await pipeline(entry, createWriteStream(join(folder, name)));
    else entry.resume();
  }
}

function refused(exit: ContainerExit, said: string): WheelwrightError {
  const how = exit.kind === 'exited' ? `ended with status ${exit.code}` : exit.kind;
  return new WheelwrightError('unavailable', `fetching the distribution's index ${how}`, {
    hint: `Without it, nobody can say which package holds what a build misses. apt said: ${said.trim().split('\n').slice(-3).join(' | ')}`,
  });
}

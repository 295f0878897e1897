// What is carried into an attempt's volumes and out of them.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import tar from 'tar-stream';
import type { z } from 'zod';
import type { Engine } from '../core/engine.js';
import { WheelwrightError } from '../core/errors.js';

/** Reports are written where foreign code runs, so their size is not to be trusted either. */
const MAX_REPORT_BYTES = 4 * 2 ** 20;

export interface TextFile {
  name: string;
  text: string;
}

/** The Python that runs inside containers; it stands in the read-only `inputs` volume, out of foreign code's reach. */
export async function readScripts(folder: string): Promise<TextFile[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.py'));
  return Promise.all(
    names.map(async (name) => ({ name: `scripts/${name}`, text: await readFile(join(folder, name), 'utf8') })),
  );
}

/** An archive of folders and small files; a name that ends in `/` is a folder. */
export function packFiles(folders: readonly string[], files: readonly TextFile[]): Readable {
  const pack = tar.pack();
  for (const name of folders) pack.entry({ name, type: 'directory', mode: 0o755 });
  for (const { name, text } of files) pack.entry({ name, mode: 0o644 }, text);
  pack.finalize();
  return Readable.from(pack, { objectMode: false });
}

/** An archive of one file, streamed. */
export function packStream(name: string, sizeBytes: number, content: Readable): Readable {
  const pack = tar.pack();
  const entry = pack.entry({ name, size: sizeBytes, mode: 0o644 }, (error) => {
    if (error) pack.destroy(error);
    else pack.finalize();
  });
  // Breaking off tells the entry too, after the callback that took care of it.
  entry.on('error', () => undefined);
  content.on('error', (error) => pack.destroy(error));
  content.pipe(entry);
  return Readable.from(pack, { objectMode: false });
}

/**
 * Reads the JSON report of a script.
 * @throws WheelwrightError `internal` when there is none, `invalid` for anything else in its place
 */
export async function readReport<T>(...of: Parameters<typeof findReport<T>>): Promise<T> {
  const report = await findReport(...of);
  if (report === undefined) throw new WheelwrightError('internal', `our own script left no ${of[2]}`);
  return report;
}

async function findReport<T>(
  engine: Engine,
  workspace: string,
  path: string,
  schema: z.ZodType<T>,
  signal: AbortSignal,
): Promise<T | undefined> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of readWorkspaceFile(engine, workspace, path, MAX_REPORT_BYTES, signal)) chunks.push(chunk);
    return schema.parse(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof WheelwrightError) || error.code === 'too-large') throw notAsExpected(path, error);
    if (error.code === 'not-found') return undefined;
    throw error;
  }
}

/** The same where foreign code may have put anything, or nothing, in its place: undefined then. */
export async function readForeignReport<T>(...of: Parameters<typeof findReport<T>>): Promise<T | undefined> {
  try {
    return await findReport(...of);
  } catch (error) {
    if (error instanceof WheelwrightError && error.code === 'invalid') return undefined;
    throw error;
  }
}

/**
 * The bytes of one regular file.
 * @throws WheelwrightError `not-found`; `invalid` when something else is there; `too-large`
 */
export async function* readWorkspaceFile(
  engine: Engine,
  workspace: string,
  path: string,
  maxBytes: number,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const archive = await engine.getTar(workspace, path, signal);
  const extract = tar.extract();
  archive.on('error', (error) => extract.destroy(error)).pipe(extract);
  let found = false;
  try {
    // To the end of the archive: a stream that is broken off costs an error with its stack, and the engine its connection.
    for await (const entry of extract) {
      if (found || entry.header.type !== 'file') throw notAsExpected(path, undefined);
      const sizeBytes = entry.header.size ?? 0;
      if (sizeBytes > maxBytes) {
        throw new WheelwrightError('too-large', `${path} has ${sizeBytes} bytes where ${maxBytes} are allowed`);
      }
      found = true;
      yield* entry as AsyncIterable<Buffer>;
    }
  } finally {
    archive.destroy();
    extract.destroy();
  }
  if (!found) throw notAsExpected(path, undefined);
}

function notAsExpected(path: string, cause: unknown): WheelwrightError {
  return new WheelwrightError('invalid', `${path} is not what was expected there`, {
    hint: 'The build wrote over it. That is nothing that an honest build does.',
    cause,
  });
}

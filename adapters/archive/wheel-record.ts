// https://packaging.python.org/en/latest/specifications/recording-installed-packages/#the-record-file
import { WheelwrightError } from '../../core/errors.js';

/** What RECORD says of one file. */
export interface RecordedFile {
  algorithm: 'sha256' | 'sha384' | 'sha512';
  /** Base64url without padding. */
  digest: string;
  sizeBytes?: number;
}

/** A path and a hash; longer lines would only keep the reading of quotes busy. */
const MAX_LINE = 10_000;

/**
 * The files that RECORD lists with a hash, by path. RECORD itself and its signatures have none and are left out.
 * @param path of RECORD in the archive.
 * @throws WheelwrightError `invalid`.
 */
export function parseRecord(text: string, path: string): Map<string, RecordedFile> {
  const files = new Map<string, RecordedFile>();
  const unhashed = new Set([path, `${path}.jws`, `${path}.p7s`]);
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '') continue;
    const fault = (why: string) => recordFault(`line ${index + 1} of ${path} ${why}`);
    if (line.length > MAX_LINE) throw fault(`has ${line.length} characters`);
    const row = parseRow(line);
    if (row.length !== 3) throw fault(`has ${row.length} columns, not 3`);
    const [file, hash, size] = row as [string, string, string];
    if (unhashed.has(file) || file.endsWith('/')) continue;
    if (files.has(file)) throw fault(`lists ${JSON.stringify(file)} again`);
    const [, algorithm, digest] = /^(sha256|sha384|sha512)=([\w-]+)=*$/.exec(hash) ?? [];
    if (algorithm === undefined || digest === undefined) {
      throw fault(
        `gives ${JSON.stringify(file)} ${hash === '' ? 'no hash' : `a hash that is no sha256 or better (${hash.slice(0, 20)})`}`,
      );
    }
    if (!/^\d*$/.test(size)) throw fault(`gives ${JSON.stringify(file)} the size ${JSON.stringify(size)}`);
    files.set(file, {
      algorithm: algorithm as RecordedFile['algorithm'],
      digest,
      ...(size !== '' && { sizeBytes: Number(size) }),
    });
  }
  return files;
}

export function recordFault(what: string): WheelwrightError {
  return new WheelwrightError('invalid', what, {
    hint: 'Usually the wheel was changed after it was built. Build it again, or write RECORD anew with `wheel unpack` and `wheel pack`.',
  });
}

/** One row of CSV: fields may be quoted, with quotes in them doubled. */
function parseRow(line: string): string[] {
  if (!line.includes('"')) return line.split(',');
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );
}

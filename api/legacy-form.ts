// The multipart form of the upload API that twine, uv, flit and poetry speak. There is no standard for it; the clients are what it is.
import type { Readable } from 'node:stream';
import { Busboy } from '@fastify/busboy';
import type { Request } from 'express';
import { WheelwrightError } from '../core/errors.js';

/** Core metadata comes as fields, too: a description of some megabytes, a classifier per field. What is cut off is not used. */
const LIMITS = { fieldSize: 64 << 10, fields: 20_000, files: 10, headerPairs: 50 };
/** The fields that decide anything; the rest repeats what is in the archive. Node's OpenSSL has no BLAKE2 of 256 bits, and the clients that send one send a sha256 as well. */
const KEPT = new Set([
  ':action',
  'protocol_version',
  'filetype',
  'name',
  'version',
  'sha256_digest',
  'md5_digest',
  'attestations',
]);

export type UploadFields = Readonly<Record<string, string>>;

/**
 * Takes the file that the form brings, while it arrives.
 * @param fields all fields, once the whole form was read: they may follow the file.
 */
export type TakeContent<Result> = (
  content: Readable,
  filename: string,
  fields: Promise<UploadFields>,
) => Promise<Result>;

/**
 * Reads the form of one upload and hands its file over as a stream. Holds back the client when the file is not taken as fast as it comes.
 * @throws WheelwrightError `invalid` when it is no such form or breaks off; else what `take` throws.
 */
export async function readUploadForm<Result>(request: Request, take: TakeContent<Result>): Promise<Result> {
  const contentType = request.headers['content-type'];
  if (contentType === undefined || !/^multipart\/form-data\s*(;|$)/i.test(contentType)) {
    throw invalid(`the request is ${contentType ?? 'of no type'}, not multipart/form-data`);
  }
  if (!/;\s*boundary=("[^"]+"|[^";\s]+)/i.test(contentType)) {
    throw invalid('the Content-Type of the form names no boundary');
  }
  const coding = request.headers['content-encoding'] ?? 'identity';
  if (coding !== 'identity') throw invalid(`the form is encoded as ${coding}; it is taken as it is only`);
  const busboy = Busboy({
    headers: { ...request.headers, 'content-type': contentType },
    limits: LIMITS,
    preservePath: true,
  });
  const fields: Record<string, string> = {};
  let content: Readable | undefined;
  let result: Promise<Result> | undefined;

  const whole = new Promise<UploadFields>((resolve, reject) => {
    busboy.on('field', (name, value) => {
      if (!KEPT.has(name)) return;
      if (Object.hasOwn(fields, name)) reject(invalid(`the field ${name} comes twice`));
      fields[name] = value;
    });
    busboy.on('file', (name, stream, filename) => {
      // Signatures by PGP and the like are not kept.
      if (name !== 'content') return void stream.resume();
      if (content !== undefined) {
        stream.resume();
        return reject(invalid('it brings two files; one form is for one file'));
      }
      content = stream;
      // Its errors reach whoever reads it; when nobody does any more, they must not count as unhandled.
      stream.on('error', () => {});
      result = take(stream, filename, whole);
      // A file that is refused while it arrives ends the reading.
      result.catch(reject);
    });
    busboy.once('fieldsLimit', () => reject(invalid(`the form has more than ${LIMITS.fields} fields`)));
    busboy.once('finish', () => resolve(fields));
    busboy.once('error', (cause) => reject(invalid(`the form cannot be read: ${(cause as Error).message}`, cause)));
    request.once('error', (cause) => reject(invalid('the upload broke off', cause)));
    request.once('close', () => {
      if (!request.complete) reject(invalid('the upload broke off'));
    });
    request.pipe(busboy);
  });
  try {
    await whole;
  } catch (error) {
    content?.destroy(error as Error);
    // Whoever takes the content sees the same error or the one that was thrown by it.
    result?.catch(() => {});
    throw error;
  } finally {
    request.unpipe(busboy);
    // The rest of a refused upload is read and dropped, so that the client comes to read the answer.
    request.resume();
  }
  if (result === undefined) throw invalid('the form brings no file: the field "content" is missing');
  return result;
}

function invalid(what: string, cause?: unknown): WheelwrightError {
  return new WheelwrightError('invalid', what, {
    hint: 'This address takes uploads as twine sends them: a multipart form with one file. Send it again with `twine upload` or `uv publish`.',
    cause,
  });
}

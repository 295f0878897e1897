// What a file must be before an upload of it is published.
import { createHash, hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { readPkgInfo } from '../adapters/archive/sdist.js';
import { checkWheel } from '../adapters/archive/wheel.js';
import { parseCoreMetadata } from '../core/core-metadata.js';
import { WheelwrightError } from '../core/errors.js';
import { normalizeProjectName } from '../core/project-name.js';
import { parseSdistFilename } from '../core/sdist-name.js';
import type { IncomingFile } from '../core/store.js';
import { normalizeVersion } from '../core/version.js';
import { isWheelFilename, parseWheelFilename } from '../core/wheel-name.js';
import type { UploadFields } from './legacy-form.js';

/** What the index needs to know of an uploaded file. */
export interface CheckedUpload {
  /** Normalised. */
  project: string;
  /** Normalised. */
  version: string;
  requiresPython?: string;
  /** A wheel's METADATA, to be served beside it. */
  metadataBytes?: Buffer;
  /** As in FileRecord. */
  grafted: string[];
  needs: string[];
}

const hex = (digits: number) => z.string().regex(new RegExp(`^[0-9a-f]{${digits}}$`, 'i'));
const formSchema = z.object({
  ':action': z.literal('file_upload'),
  protocol_version: z.literal('1').optional(),
  filetype: z.enum(['bdist_wheel', 'sdist']),
  name: z.string().min(1),
  version: z.string().min(1),
  sha256_digest: hex(64).optional(),
  md5_digest: hex(32).optional(),
  attestations: z.string().optional(),
});
export type UploadForm = z.infer<typeof formSchema>;

/** @throws WheelwrightError `invalid` naming each field at fault. */
export function parseUploadForm(fields: UploadFields): UploadForm {
  const form = formSchema.safeParse(fields);
  if (form.success) return form.data;
  const faults = form.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  throw new WheelwrightError(
    'invalid',
    `the form is not one of an upload: ${faults.map((fault) => `${fault.path}: ${fault.message}`).join('; ')}`,
    {
      hint: 'Only wheels and source archives are taken, as twine sends them.',
      faults,
    },
  );
}

/** @throws WheelwrightError `invalid` when the bytes are not those that the client meant to send. */
export async function checkDigests(form: UploadForm, file: IncomingFile): Promise<void> {
  const differs = (algorithm: string, sent: string, is: string) =>
    new WheelwrightError('invalid', `the file has ${algorithm} ${is}, the form says ${sent}`, {
      hint: 'The file was changed on its way, or between the moment it was hashed and sent. Send it again.',
    });
  if (form.sha256_digest === undefined && form.md5_digest === undefined) {
    throw new WheelwrightError('invalid', 'the form gives no digest that can be checked', {
      hint: 'Send sha256_digest, as every current client does.',
    });
  }
  if (form.sha256_digest !== undefined && form.sha256_digest.toLowerCase() !== file.sha256)
    throw differs('sha256', form.sha256_digest, file.sha256);
  if (form.md5_digest !== undefined) {
    const md5 = await md5Of(file);
    if (form.md5_digest.toLowerCase() !== md5) throw differs('md5', form.md5_digest, md5);
  }
}

async function md5Of({ path, bytes }: Pick<IncomingFile, 'path' | 'bytes'>): Promise<string> {
  if (bytes !== undefined) return hash('md5', bytes);
  const hashing = createHash('md5');
  await pipeline(createReadStream(path), hashing);
  return hashing.digest('hex');
}

/**
 * Checks the archive and that name and version agree everywhere: form, file name, metadata.
 * @throws WheelwrightError `invalid` with the first fault found.
 */
export async function checkArchive(
  form: UploadForm,
  filename: string,
  { path, bytes }: Pick<IncomingFile, 'path' | 'bytes'>,
): Promise<CheckedUpload> {
  const isWheel = isWheelFilename(filename);
  if (isWheel !== (form.filetype === 'bdist_wheel')) {
    throw new WheelwrightError('invalid', `${JSON.stringify(filename)} is sent as ${form.filetype}`, {
      hint: 'Let twine or uv find out the type from the file itself.',
    });
  }
  const { project, version } = isWheel ? parseWheelFilename(filename) : parseSdistFilename(filename, form.name);
  if (normalizeProjectName(form.name) !== project || normalizeVersion(form.version) !== version) {
    throw new WheelwrightError(
      'invalid',
      `the form says ${form.name} ${form.version}, the file name ${project} ${version}`,
      {
        hint: 'Usually the file was renamed. Give it the name that the build gave it.',
      },
    );
  }
  if (isWheel) {
    const { metadata, metadataBytes, grafted, needs } = await checkWheel(path, {
      filename,
      requireNormalizedName: true,
      ...(bytes && { bytes }),
    });
    return { project, version, ...pythonOf(metadata), metadataBytes, grafted, needs };
  }
  const prefix = `${project.replaceAll('-', '_')}-`;
  if (!filename.startsWith(prefix)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(filename)} does not begin with ${JSON.stringify(prefix)}`, {
      hint: 'The backend is older than the rule (PEP 625). Build again with a current one (setuptools 69.3 or newer, for instance).',
    });
  }
  return checkSdist(project, version, path);
}

async function checkSdist(project: string, version: string, path: string): Promise<CheckedUpload> {
  const pkgInfo = await readPkgInfo(path);
  const hint = 'Build it again with a current backend (`python -m build --sdist`) rather than packing it by hand.';
  if (pkgInfo === undefined) throw new WheelwrightError('invalid', 'the source archive has no PKG-INFO', { hint });
  const metadata = parseCoreMetadata(Buffer.from(pkgInfo), 'PKG-INFO');
  if (normalizeProjectName(metadata.name) !== project || normalizeVersion(metadata.version) !== version) {
    throw new WheelwrightError(
      'invalid',
      `PKG-INFO says ${metadata.name} ${metadata.version}, the file name ${project} ${version}`,
      { hint },
    );
  }
  return { project, version, ...pythonOf(metadata), grafted: [], needs: [] };
}

function pythonOf({ requiresPython }: { requiresPython?: string }): { requiresPython?: string } {
  return requiresPython === undefined ? {} : { requiresPython };
}

import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import { WheelwrightError } from '../core/errors.js';
import type { BlobStore, BuildStore } from '../core/store.js';
import { checkUploadAllowed, type ProjectStandings } from '../core/upload-rules.js';
import { readUploadForm } from './legacy-form.js';
import { problemOf } from './problem.js';
import { type CheckedUpload, checkArchive, checkDigests, parseUploadForm } from './upload-check.js';

/** Who sends a file, and what they may do. */
export interface Uploader {
  name: string;
  scopes: readonly string[];
}

export interface LegacyUploadDeps {
  /** Finds the owner of a token that is known and not revoked. */
  authenticate(secret: string): Promise<Uploader | undefined>;
  store: Pick<BuildStore, 'file' | 'addFile'>;
  standings: ProjectStandings;
  blobs: BlobStore;
  /** Largest file taken, in bytes. */
  maxBytes: number;
  /** Milliseconds since the epoch. */
  clock(): number;
  log: Logger;
}

/**
 * `POST /legacy/`: the upload that twine, uv, flit, poetry and hatch speak. User `__token__`, a token with the scope `upload` as password. The file is written
 * once, checked, and visible only when everything is right; the same bytes again are a no-op (200), other bytes under the name a conflict (409).
 */
export function legacyUpload(deps: LegacyUploadDeps): RequestHandler {
  return async (request, response) => {
    try {
      const uploader = await authenticate(deps, request);
      const { filename, attested } = await receive(deps, request, uploader);
      const dropped = attested ? `its attestations (PEP 740) are not kept: this index ${ATTESTS}\n` : '';
      response.type('text/plain').send(`${filename} is published\n${dropped}`);
    } catch (error) {
      if (!(error instanceof WheelwrightError) || error.code === 'internal') throw error;
      refuse(response, error);
    }
  };
}

const ATTESTS = 'has provenance of what it built itself only';

async function authenticate(deps: LegacyUploadDeps, request: Request): Promise<Uploader> {
  const encoded = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  const [user, ...rest] = Buffer.from(encoded ?? '', 'base64')
    .toString('utf8')
    .split(':');
  const uploader = user === '__token__' ? await deps.authenticate(rest.join(':')) : undefined;
  if (uploader === undefined) {
    throw new WheelwrightError(
      'unauthorized',
      encoded === undefined ? 'an upload takes a token' : 'this is no valid token',
      {
        hint: 'The user name is __token__ and the password a token with the scope upload, for twine in TWINE_USERNAME and TWINE_PASSWORD.',
      },
    );
  }
  if (!uploader.scopes.includes('upload') && !uploader.scopes.includes('admin')) {
    throw new WheelwrightError('forbidden', `the token ${uploader.name} may not upload: it lacks the scope upload`, {
      hint: 'Ask an administrator for a token with that scope.',
    });
  }
  return uploader;
}

function receive(
  deps: LegacyUploadDeps,
  request: Request,
  uploader: Uploader,
): Promise<{ filename: string; attested: boolean }> {
  return readUploadForm(request, async (content, filename, fields) => {
    let checked: CheckedUpload | 'present' | undefined;
    let attested = false;
    let metadata: Promise<{ sha256: string }> | undefined;
    const stored = await deps.blobs.put(content, {
      maxBytes: deps.maxBytes,
      check: async (file) => {
        const form = parseUploadForm(await fields);
        attested = form.attestations !== undefined;
        await checkDigests(form, file);
        checked = (await isPresent(deps, filename, file.sha256)) ? 'present' : await checkArchive(form, filename, file);
        if (checked === 'present') return;
        await checkProject(deps, checked.project, uploader);
        const { metadataBytes } = checked;
        // It waits for the disk beside the wheel, not after it.
        metadata = metadataBytes && deps.blobs.put([metadataBytes], { maxBytes: metadataBytes.length });
        metadata?.catch(() => {});
      },
    });
    // The clients show nobody the answer of an upload that went well.
    if (attested) deps.log.warn({ filename, token: uploader.name }, `attestations dropped: this index ${ATTESTS}`);
    if (checked === undefined || checked === 'present') return { filename, attested };
    await publish(deps, { filename, ...stored }, checked, (await metadata)?.sha256);
    deps.log.info(
      { filename, sha256: stored.sha256, sizeBytes: stored.sizeBytes, token: uploader.name },
      'file uploaded',
    );
    return { filename, attested };
  });
}

/** @throws WheelwrightError `conflict` when other bytes have the name, before anything is stored. */
async function isPresent(deps: LegacyUploadDeps, filename: string, sha256: string): Promise<boolean> {
  const present = await deps.store.file(filename);
  if (present === undefined || present.sha256 === sha256) return present !== undefined;
  throw new WheelwrightError('conflict', `${filename} already exists with other bytes`, {
    hint: 'Bytes under a file name never change. Give the release a new version, or the wheel a build number.',
  });
}

async function checkProject(deps: LegacyUploadDeps, project: string, uploader: Uploader): Promise<void> {
  checkUploadAllowed(project, await deps.standings.standing(project), uploader.scopes.includes('admin'));
}

async function publish(
  deps: LegacyUploadDeps,
  file: { filename: string; sha256: string; sizeBytes: number },
  { metadataBytes: _, ...checked }: CheckedUpload,
  metadataSha256: string | undefined,
): Promise<void> {
  await deps.store.addFile(
    {
      ...file,
      ...checked,
      channel: 'stable',
      ...(metadataSha256 !== undefined && { metadataSha256 }),
      origin: 'upload',
      ownsProject: true,
    },
    deps.clock(),
  );
}

/** Clients of this API show the reason phrase, some the text; none knows problem documents. */
function refuse(response: Response, error: WheelwrightError): void {
  const { status } = problemOf(error);
  response.status(status);
  response.statusMessage = error.message.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 500);
  if (error.code === 'unauthorized') response.setHeader('WWW-Authenticate', 'Basic realm="wheelwright"');
  if (error.code === 'unavailable') response.setHeader('Retry-After', '5');
  response.type('text/plain').send(`${error.message}\n${error.hint ?? ''}\n`);
}

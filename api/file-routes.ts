import { readFile } from 'node:fs/promises';
import { Router } from 'express';
import { readWheelContents, readWheelSbom } from '../adapters/archive/wheel-contents.js';
import type { WheelContents } from '../client/contract.js';
import { WheelwrightError } from '../core/errors.js';
import { normalizeProjectName } from '../core/project-name.js';
import type { FileRecord } from '../core/store.js';
import { isWheelFilename } from '../core/wheel-name.js';
import type { Guards } from './authentication.js';
import type { ApiContext } from './context.js';

const MAX_LISTED_FILES = 5_000;

/** What is in a file of the index and where it came from, for those who must know before they let it in. */
export function fileRoutes(
  { store, blobs, readProvenance }: Pick<ApiContext, 'store' | 'blobs' | 'readProvenance'>,
  guards: Guards,
): Router {
  const router = Router();
  const found = async (project: string, filename: string): Promise<FileRecord> => {
    const name = normalizeProjectName(project);
    const file = await store.file(filename);
    if (file?.project === name) return file;
    throw new WheelwrightError('not-found', `there is no file ${JSON.stringify(filename)} of ${name} here`, {
      hint: 'GET /projects/:name lists the files. Those of an upstream are not looked into.',
    });
  };
  const wheelPath = async (project: string, filename: string): Promise<string> => {
    const file = await found(project, filename);
    if (isWheelFilename(file.filename)) return blobs.path(file.sha256);
    throw new WheelwrightError('not-found', `${file.filename} is no wheel, and only wheels are looked into`);
  };

  router.get('/projects/:name/files/:filename', guards.read, async (request, response) => {
    const { name, filename } = request.params;
    const { files, sboms } = await readWheelContents(await wheelPath(String(name), String(filename)));
    const contents: WheelContents = { fileCount: files.length, files: files.slice(0, MAX_LISTED_FILES), sboms };
    response.json(contents);
  });

  router.get('/projects/:name/files/:filename/sbom', guards.read, async (request, response) => {
    const { name, filename } = request.params;
    const path = String(request.query.path ?? '');
    const bytes = await readWheelSbom(await wheelPath(String(name), String(filename)), path);
    // Foreign bytes on the origin of the UI: to be saved, never to be shown.
    response.attachment(path.slice(path.lastIndexOf('/') + 1));
    response.set('X-Content-Type-Options', 'nosniff').type('application/octet-stream').send(bytes);
  });

  router.get('/projects/:name/files/:filename/provenance', guards.read, async (request, response) => {
    const file = await found(String(request.params.name), String(request.params.filename));
    if (file.provenanceSha256 === undefined) {
      throw new WheelwrightError('not-found', `${file.filename} has no provenance`, {
        hint: 'It was uploaded: this service did not see how it was made.',
      });
    }
    response.json(readProvenance(await readFile(blobs.path(file.provenanceSha256)), file));
  });

  return router;
}

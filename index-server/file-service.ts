import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { HostedFile } from '../adapters/sqlite/index-reader.js';
import { WheelwrightError } from '../core/errors.js';
import type { OfferedFile } from '../core/index-assembly.js';
import { blobPath } from './blob-path.js';
import type { Download } from './download.js';
import type { FileCache } from './file-cache.js';
import { fileHeaders, sendFile } from './file-response.js';
import type { IntactFiles } from './intact-files.js';
import type { ProjectView } from './project-views.js';
import type { RequestTarget } from './request-target.js';
import type { Upstreams } from './upstreams.js';

export interface FileServiceOptions {
  /** Of the service's own blobs. */
  blobFolder: string;
  fileCache: FileCache;
  intact: IntactFiles;
  upstreams: Upstreams;
  onFault: (message: string, error: unknown) => void;
}

type FileTarget = Extract<RequestTarget, { kind: 'file' }>;
type ProvenanceTarget = Extract<RequestTarget, { kind: 'provenance' }>;

const WHEEL_TYPE = 'application/octet-stream';
const METADATA_TYPE = 'text/plain; charset=utf-8';
const INTEGRITY_TYPE = 'application/vnd.pypi.integrity.v1+json';

/** Files, their metadata and their provenance, exactly as far as the project's view offers them. */
export class FileService {
  readonly #options: FileServiceOptions;

  constructor(options: FileServiceOptions) {
    this.#options = options;
  }

  /** @throws WheelwrightError `not-found`, `forbidden` for a file that is withheld, `unavailable` when the upstream fails. */
  async serve(
    request: IncomingMessage,
    response: ServerResponse,
    target: FileTarget,
    view: ProjectView,
  ): Promise<void> {
    const offered = offeredFile(view, target.filename, target.sha256);
    if (offered.origin.kind === 'here') {
      await this.#serveHosted(request, response, target, view.hosted.get(target.filename) as HostedFile);
    } else if (target.metadata) {
      await this.#serveCachedMetadata(request, response, offered, offered.origin.upstream);
    } else {
      await this.#serveCached(request, response, offered, offered.origin.upstream);
    }
  }

  async serveProvenance(
    request: IncomingMessage,
    response: ServerResponse,
    target: ProvenanceTarget,
    view: ProjectView,
  ): Promise<void> {
    const { file } = offeredFile(view, target.filename, undefined);
    const sha256 = view.hosted.get(target.filename)?.provenanceSha256;
    if (sha256 === undefined || file.version !== target.version) {
      throw new WheelwrightError('not-found', `there is no provenance of ${target.filename}`, {
        hint: 'Wheels that were built here have one; the provenance of an upstream is asked for there.',
      });
    }
    await this.#sendBlob(request, response, sha256, INTEGRITY_TYPE);
  }

  async #serveHosted(
    request: IncomingMessage,
    response: ServerResponse,
    target: FileTarget,
    file: HostedFile,
  ): Promise<void> {
    if (!target.metadata) return this.#sendBlob(request, response, file.sha256, WHEEL_TYPE);
    if (file.metadataSha256 === undefined) throw noMetadata(file.filename);
    return this.#sendBlob(request, response, file.metadataSha256, METADATA_TYPE);
  }

  async #sendBlob(
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
    contentType: string,
  ): Promise<void> {
    const path = blobPath(this.#options.blobFolder, sha256);
    const sizeBytes = await this.#options.intact.sizeOf(path, sha256);
    if (sizeBytes === undefined) {
      throw new WheelwrightError('internal', `the blob ${sha256} is missing or damaged`, {
        hint: 'The operator finds all such files with `wheelwright fsck` and gets them back from a backup.',
      });
    }
    await sendFile(request, response, { sha256, sizeBytes, contentType, source: { kind: 'disk', path } });
  }

  async #serveCached(
    request: IncomingMessage,
    response: ServerResponse,
    offered: OfferedFile,
    upstream: string,
  ): Promise<void> {
    const { file } = offered;
    const sha256 = file.hashes.sha256 as string;
    if (await this.#sendHeld(request, response, sha256)) return;
    if (request.method === 'HEAD' && file.sizeBytes !== undefined) {
      response.writeHead(200, { ...fileHeaders(sha256, WHEEL_TYPE), 'Content-Length': file.sizeBytes }).end();
      return;
    }
    const download = await this.#download(offered, upstream);
    if (request.method === 'HEAD' || request.headers.range !== undefined) {
      // A part can only be vouched for when the whole has been checked.
      await this.#options.fileCache.settled(sha256);
      if (await this.#sendHeld(request, response, sha256)) return;
      throw new WheelwrightError('unavailable', `${file.filename} could not be kept`, {
        hint: 'Is the disk of the index full?',
      });
    }
    const bytes = download.follow();
    // The first piece tells whether the upstream answers at all: until then an error can still be a status.
    const first = await bytes.next();
    response.writeHead(200, {
      ...fileHeaders(sha256, WHEEL_TYPE),
      ...(file.sizeBytes === undefined ? {} : { 'Content-Length': file.sizeBytes }),
    });
    if (first.done === true) {
      response.end();
      return;
    }
    response.write(first.value);
    await pipeline(Readable.from(bytes, { objectMode: false }), response);
  }

  async #serveCachedMetadata(
    request: IncomingMessage,
    response: ServerResponse,
    offered: OfferedFile,
    upstream: string,
  ): Promise<void> {
    const { file } = offered;
    const sha256 = file.hashes.sha256 as string;
    if (file.coreMetadata === undefined) throw noMetadata(file.filename);
    if (await this.#sendHeldMetadata(request, response, sha256)) return;
    // Promised by a page and lost since: it can still be had from the wheel.
    await this.#download(offered, upstream);
    await this.#options.fileCache.settled(sha256);
    if (await this.#sendHeldMetadata(request, response, sha256)) return;
    throw noMetadata(file.filename);
  }

  async #sendHeld(request: IncomingMessage, response: ServerResponse, sha256: string): Promise<boolean> {
    const { fileCache, intact, onFault } = this.#options;
    if (fileCache.held(sha256) === undefined) return false;
    const path = fileCache.path(sha256);
    const sizeBytes = await intact.sizeOf(path, sha256);
    if (sizeBytes === undefined) {
      onFault(`the cached file ${path} is damaged; it is fetched again`, undefined);
      await fileCache.discard(sha256);
      return false;
    }
    fileCache.touch(sha256);
    await sendFile(request, response, { sha256, sizeBytes, contentType: WHEEL_TYPE, source: { kind: 'disk', path } });
    return true;
  }

  async #sendHeldMetadata(request: IncomingMessage, response: ServerResponse, sha256: string): Promise<boolean> {
    const { fileCache, intact } = this.#options;
    const metadata = fileCache.held(sha256)?.metadata;
    if (metadata === undefined) return false;
    const path = fileCache.path(metadata.sha256);
    const sizeBytes = await intact.sizeOf(path, metadata.sha256);
    if (sizeBytes === undefined) {
      await fileCache.discard(sha256);
      return false;
    }
    await sendFile(request, response, {
      sha256: metadata.sha256,
      sizeBytes,
      contentType: METADATA_TYPE,
      source: { kind: 'disk', path },
    });
    return true;
  }

  async #download({ file }: OfferedFile, name: string): Promise<Download> {
    const upstream = await this.#options.upstreams.get(name);
    const { filename, sizeBytes } = file;
    const target = {
      filename,
      sha256: file.hashes.sha256 as string,
      ...(sizeBytes === undefined ? {} : { sizeBytes }),
    };
    return this.#options.fileCache.download(target, file.url, upstream);
  }
}

/** The decision that the project's page shows, for one file. */
function offeredFile(view: ProjectView, filename: string, sha256: string | undefined): OfferedFile {
  const offered = view.files.get(filename);
  if (offered !== undefined && (sha256 === undefined || offered.file.hashes.sha256 === sha256)) return offered;
  const withheld =
    offered === undefined ? view.assembly.withheld.find((file) => file.filename === filename) : undefined;
  if (withheld !== undefined) {
    throw new WheelwrightError('forbidden', `${filename} is not offered: ${withheld.reason}`, {
      hint: `\`wheelwright index explain ${view.assembly.name} ${filename}\` says the same.`,
    });
  }
  throw new WheelwrightError('not-found', `there is no file ${filename} of ${view.assembly.name} with that hash`);
}

function noMetadata(filename: string): WheelwrightError {
  return new WheelwrightError('not-found', `the metadata of ${filename} is not held beside it`);
}

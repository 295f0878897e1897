import { readFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { HostedFile } from '../adapters/sqlite/hosted-file.js';
import { WheelwrightError } from '../core/errors.js';
import type { OfferedFile, UpstreamOffer } from '../core/index-assembly.js';
import { blobPath } from './blob-path.js';
import { matchesEtag, requestedRange } from './byte-range.js';
import type { DiskSender } from './disk-sender.js';
import type { Download } from './download.js';
import type { FileCache } from './file-cache.js';
import { fileHeaders, sendFile, type Visibility } from './file-response.js';
import type { HostedIndex } from './hosted-index.js';
import type { IntactFiles } from './intact-files.js';
import type { ProjectView } from './project-views.js';
import type { RequestTarget } from './request-target.js';
import type { Upstreams } from './upstreams.js';

export interface FileServiceOptions {
  hosted: Pick<HostedIndex, 'reader'>;
  /** Of the service's own blobs. */
  blobFolder: string;
  fileCache: FileCache;
  intact: IntactFiles;
  disk: DiskSender;
  upstreams: Upstreams;
  visibility: Visibility;
  /** A file of this service was sent, whole. */
  onDownload: (filename: string) => void;
  /** Aborted when the server closes. */
  signal: AbortSignal;
  onFault: (message: string, error: unknown) => void;
}

/** Bytes that belong to a file, small enough to be held in memory. */
export interface SmallFile {
  sha256: string;
  bytes: Buffer;
}

type FileTarget = Extract<RequestTarget, { kind: 'file' }>;
/** A file that comes from the upstream of that name. */
type UpstreamFile = FileTarget & { offered: UpstreamOffer };
type ProvenanceTarget = Extract<RequestTarget, { kind: 'provenance' }>;

/** Of smaller files the whole is fetched when a part is asked for: the rest is wanted soon enough. */
const PART_OF_FILES_FROM_BYTES = 32 * 2 ** 20;
/** A part of a file whose whole takes longer than this comes from the upstream as well. */
const WHOLE_IN_MS = 500;

/** Files, their metadata and their provenance, exactly as far as the project's view offers them. Each method throws WheelwrightError `not-found`, `forbidden` for a
 * file that is withheld, or `unavailable` when the upstream fails. */
export class FileService {
  readonly #options: FileServiceOptions;

  constructor(options: FileServiceOptions) {
    this.#options = options;
  }

  /** Headers that a file has in every answer. */
  headers(sha256: string): Record<string, string> {
    return fileHeaders(sha256, this.#options.visibility);
  }

  async send(request: IncomingMessage, response: ServerResponse, target: FileTarget, view: ProjectView): Promise<void> {
    const offered = offeredFile(view, target.filename);
    if (offered.kind === 'here') {
      this.#held(view, target.filename, target.sha256);
      const { path, sizeBytes } = await this.#blob(target.sha256);
      // One that is broken off does not finish; one that does is counted before the server can be closed for want of answers under way.
      response.once('finish', () => {
        if (request.method === 'GET' && response.statusCode === 200) this.#options.onDownload(target.filename);
      });
      await this.#sendFromDisk(request, response, target.sha256, path, sizeBytes);
    } else {
      await this.#sendFromUpstream(request, response, upstreamFile(view, target, offered));
    }
  }

  async metadata(target: FileTarget, view: ProjectView): Promise<SmallFile> {
    const { filename, sha256 } = target;
    const offered = offeredFile(view, filename);
    if (offered.kind === 'here') {
      const { metadataSha256 } = this.#held(view, filename, sha256);
      if (metadataSha256 !== undefined) return this.#readBlob(metadataSha256);
    } else {
      const wanted = upstreamFile(view, target, offered);
      const { coreMetadata } = offered.file;
      const promised = coreMetadata === true ? undefined : coreMetadata?.sha256;
      if (promised !== undefined) return this.#cachedMetadata(wanted, promised);
    }
    throw new WheelwrightError('not-found', `the metadata of ${filename} is not held beside it`, {
      hint: 'A page names it only where it is: ask for the page again, or read it out of the file.',
    });
  }

  async provenance({ filename, version }: ProvenanceTarget, view: ProjectView): Promise<SmallFile> {
    const offered = offeredFile(view, filename);
    const held = offered.kind === 'here' ? this.#held(view, filename) : undefined;
    if (held?.provenanceSha256 === undefined || held.version !== version) {
      throw new WheelwrightError('not-found', `there is no provenance of ${filename}`, {
        hint: 'Wheels that were built here have one; the provenance of an upstream is asked for there.',
      });
    }
    return this.#readBlob(held.provenanceSha256);
  }

  /** @param sha256 as the URL gives it, if it does */
  #held({ assembly }: ProjectView, filename: string, sha256?: string): HostedFile {
    const file = this.#options.hosted.reader?.file(filename);
    if (file === undefined || (sha256 !== undefined && file.sha256 !== sha256))
      throw unknownFile(assembly.name, filename);
    return file;
  }

  async #readBlob(sha256: string): Promise<SmallFile> {
    const { path } = await this.#blob(sha256);
    return { sha256, bytes: await readFile(path) };
  }

  async #blob(sha256: string): Promise<{ path: string; sizeBytes: number }> {
    const path = blobPath(this.#options.blobFolder, sha256);
    const sizeBytes = await this.#options.intact.sizeOf(path, sha256);
    if (sizeBytes !== undefined) return { path, sizeBytes };
    throw new WheelwrightError('internal', `the blob ${sha256} is missing or damaged`, {
      hint: 'The operator finds all such files with `wheelwright fsck` and gets them back from a backup.',
    });
  }

  async #sendFromDisk(
    request: IncomingMessage,
    response: ServerResponse,
    sha256: string,
    path: string,
    sizeBytes: number,
  ): Promise<void> {
    const { disk, visibility } = this.#options;
    await sendFile(request, response, { sha256, sizeBytes, path }, disk, visibility);
  }

  async #sendFromUpstream(request: IncomingMessage, response: ServerResponse, wanted: UpstreamFile): Promise<void> {
    const { filename, sha256, offered } = wanted;
    const { sizeBytes } = offered.file;
    if (await this.#sendHeld(request, response, sha256)) return;
    const headers = this.headers(sha256);
    if (matchesEtag(request.headers['if-none-match'], headers.ETag as string)) {
      // Whoever has these bytes needs no download for that.
      response.writeHead(304, headers).end();
      return;
    }
    if (request.method === 'HEAD' && sizeBytes !== undefined) {
      response.writeHead(200, { ...headers, 'Accept-Ranges': 'bytes', 'Content-Length': sizeBytes }).end();
      return;
    }
    const large = (sizeBytes ?? 0) >= PART_OF_FILES_FROM_BYTES;
    if (large && (await this.#sendPart(request, response, wanted))) return;
    const download = await this.#download(wanted);
    if (request.method === 'HEAD' || request.headers.range !== undefined) {
      // A part can only be vouched for when the whole has been checked.
      const whole = this.#options.fileCache.settled(sha256);
      if (!(await settlesWithin(WHOLE_IN_MS, whole)) && (await this.#sendPart(request, response, wanted))) return;
      await whole;
      if (await this.#sendHeld(request, response, sha256)) return;
      throw new WheelwrightError('unavailable', `${filename} could not be kept`, {
        hint: 'Is the disk of the index full?',
      });
    }
    const bytes = download.follow();
    // The first piece tells whether the upstream answers at all: until then an error can still be a status.
    const first = await bytes.next();
    response.writeHead(200, {
      ...headers,
      'Accept-Ranges': 'bytes',
      ...(sizeBytes === undefined ? {} : { 'Content-Length': sizeBytes }),
    });
    if (first.done === true) {
      response.end();
      return;
    }
    response.write(first.value);
    await pipeline(Readable.from(bytes, { objectMode: false }), response);
  }

  /**
   * A part of a file that is not held, straight from the upstream and unchecked, as the client would get it there: uv reads the metadata of wheels this way, and
   * must not wait for gigabytes that it may never install, nor for a slow upstream. It is neither kept nor allowed to be kept.
   */
  async #sendPart(request: IncomingMessage, response: ServerResponse, wanted: UpstreamFile): Promise<boolean> {
    const { url, sizeBytes } = wanted.offered.file;
    if (request.method === 'HEAD' || sizeBytes === undefined) return false;
    const range = requestedRange(
      request.headers.range,
      request.headers['if-range'] as string | undefined,
      '',
      sizeBytes,
    );
    if (range === 'whole' || range === 'unsatisfiable') return false;
    const upstream = await this.#options.upstreams.get(wanted.offered.upstream);
    const part = await upstream.filePart?.(url, range.start, range.end, this.#options.signal);
    if (part === undefined) return false;
    response.writeHead(206, {
      'Content-Type': 'application/octet-stream',
      'Content-Range': `bytes ${range.start}-${range.end}/${sizeBytes}`,
      'Content-Length': range.end - range.start + 1,
      'Cache-Control': 'no-store',
    });
    await pipeline(part, response);
    return true;
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
    await this.#sendFromDisk(request, response, sha256, path, sizeBytes);
    return true;
  }

  async #cachedMetadata(wanted: UpstreamFile, promised: string): Promise<SmallFile> {
    const { fileCache, intact } = this.#options;
    const path = fileCache.path(promised);
    if ((await intact.sizeOf(path, promised)) === undefined) {
      // Promised by a page and lost since: the wheel still has it.
      await fileCache.discard(wanted.sha256);
      await this.#download(wanted);
      await fileCache.settled(wanted.sha256);
    }
    return { sha256: promised, bytes: await readFile(path) };
  }

  async #download({ project, filename, sha256, offered }: UpstreamFile): Promise<Download> {
    const { url, sizeBytes } = offered.file;
    const target = { project, filename, sha256, ...(sizeBytes === undefined ? {} : { sizeBytes }) };
    return this.#options.fileCache.download(target, url, await this.#options.upstreams.get(offered.upstream));
  }
}

/** False when the time is over first; does not throw. */
async function settlesWithin(ms: number, promise: Promise<unknown>): Promise<boolean> {
  const settled = promise.then(
    () => true,
    () => true,
  );
  const cancel = new AbortController();
  const late = sleep(ms, false, { signal: cancel.signal }).catch(() => false);
  try {
    return await Promise.race([settled, late]);
  } finally {
    cancel.abort();
  }
}

/** The decision that the project's page shows, for one file. */
function offeredFile({ offered, assembly }: ProjectView, filename: string): OfferedFile {
  const found = offered(filename);
  if (found !== undefined) return found;
  const withheld = assembly.withheld.find((file) => file.filename === filename);
  if (withheld === undefined) throw unknownFile(assembly.name, filename);
  throw new WheelwrightError('forbidden', `${filename} is not offered: ${withheld.reason}`, {
    hint: `\`wheelwright index explain ${assembly.name} ${filename}\` says the same.`,
  });
}

function upstreamFile({ assembly }: ProjectView, target: FileTarget, offered: UpstreamOffer): UpstreamFile {
  if (offered.file.hashes.sha256 !== target.sha256) throw unknownFile(assembly.name, target.filename);
  return { ...target, offered };
}

function unknownFile(project: string, filename: string): WheelwrightError {
  return new WheelwrightError('not-found', `there is no file ${filename} of ${project} with that hash`, {
    hint: "Usually the URL is from an older page, and the file was removed where it came from. The project's page has the URLs of today.",
  });
}

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RepeatedRequests } from '../adapters/http/repeated-requests.js';
import { WheelwrightError } from '../core/errors.js';
import { sendError, sendJson, sendText } from './answers.js';
import { explain } from './explanation.js';
import type { FileService, SmallFile } from './file-service.js';
import type { HostedProjects } from './hosted-index.js';
import type { Login } from './login.js';
import { negotiate, readyPage, sendNotAcceptable } from './page-response.js';
import { projectPage } from './project-page.js';
import type { ProjectView, ProjectViews } from './project-views.js';
import { type ReadyAnswer, ReadyAnswers, sendReady } from './ready-answer.js';
import { encodedPage } from './rendered-page.js';
import { parseRequestTarget, type RequestTarget } from './request-target.js';
import type { RootPage } from './root-page.js';
import type { SlowReaders } from './slow-readers.js';

export interface IndexHandlerOptions {
  hosted: HostedProjects;
  views: ProjectViews;
  roots: Record<'stable' | 'trial', RootPage>;
  files: FileService;
  slowReaders: SlowReaders;
  /** Undefined: anybody may read. */
  login: Login | undefined;
  /** Undefined: each request is looked at. */
  repeated: RepeatedRequests | undefined;
  /** Where clients find the index, without a trailing slash; known once the server listens. */
  publicUrl: () => string;
  /** Milliseconds since the epoch. */
  clock: () => number;
  /** Aborted when the server closes. */
  signal: AbortSignal;
  onFault: (message: string, error: unknown) => void;
}

const METADATA_TYPE = 'text/plain; charset=utf-8';
const INTEGRITY_TYPE = 'application/vnd.pypi.integrity.v1+json';

/** Answers every request of the index. Pages asked for before, in the same words, are answered from memory at once. */
export class IndexHandler {
  readonly #options: IndexHandlerOptions;
  readonly #ready = new ReadyAnswers(() => this.#options.repeated?.forgetAll());

  constructor(options: IndexHandlerOptions) {
    this.#options = options;
  }

  handle(request: IncomingMessage, response: ServerResponse): void {
    const { hosted, login } = this.#options;
    hosted.refresh();
    const { method, headers } = request;
    if (login !== undefined && request.url !== '/healthz' && !this.#admits(login, request, response)) return;
    if (method !== 'GET' && method !== 'HEAD') {
      const text =
        'the index answers GET and HEAD only; an upload goes to /legacy/ of the api, which has a port of its own';
      sendText(request, response, 405, text, { Allow: 'GET, HEAD' });
      return;
    }
    // A body of a GET is not read; the connection that carries one is not used again.
    if ((headers['content-length'] ?? '0') !== '0' || headers['transfer-encoding'] !== undefined)
      response.shouldKeepAlive = false;
    if (method === 'GET') {
      const ready = this.#ready.find(request, this.#options.clock);
      if (ready !== undefined) {
        const answer = sendReady(request, response, ready);
        this.#options.repeated?.learn(request, answer);
        this.#options.slowReaders.note(request.socket);
        return;
      }
    }
    this.#options.slowReaders.limit(request.socket);
    this.#answer(request, response).catch((error) => this.#fail(request, response, error));
  }

  /** Answers those whom it does not let pass. */
  #admits(login: Login, request: IncomingMessage, response: ServerResponse): boolean {
    try {
      if (login.admits(request.headers.authorization)) return true;
      // pip and uv take a 403 for a missing project; at a 401 they say what is wrong.
      sendText(
        request,
        response,
        401,
        'this index takes a token, as password; the user name is __token__. Put both into the index URL or into ~/.netrc; an administrator makes one by `wheelwright token create`',
        {
          'WWW-Authenticate': 'Basic realm="wheelwright"',
        },
      );
    } catch (error) {
      this.#fail(request, response, error);
    }
    return false;
  }

  /** Called with every change of what the index shows. */
  forgetReady(): void {
    this.#ready.forgetAll();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { target, format } = parseRequestTarget(request.url ?? '');
    switch (target.kind) {
      case 'root':
        return this.#root(request, response, target, format);
      case 'project':
        return this.#project(request, response, target, format);
      case 'file':
        return this.#file(request, response, target);
      case 'provenance':
        // Unlike a file it may grow under its URL.
        return this.#small(
          request,
          response,
          target,
          { 'Content-Type': INTEGRITY_TYPE, 'Cache-Control': 'no-cache' },
          (view) => this.#options.files.provenance(target, view),
        );
      case 'explain':
        return sendJson(
          request,
          response,
          200,
          explain(await this.#view(target), this.#options.hosted, target.filename),
        );
      case 'redirect':
        return sendText(request, response, 301, 'moved', {
          Location: target.location,
          'Cache-Control': 'max-age=3600',
        });
      case 'health':
        return sendText(request, response, 200, 'ok');
      case 'front':
        return sendText(request, response, 200, 'A simple index for pip, uv and others: /simple/');
      case 'nothing':
        return sendText(request, response, 404, 'there is nothing here; the index is at /simple/');
      default:
        return target satisfies never;
    }
  }

  async #root(
    request: IncomingMessage,
    response: ServerResponse,
    { channel }: Extract<RequestTarget, { kind: 'root' }>,
    format: string | undefined,
  ): Promise<void> {
    const { generation } = this.#ready;
    const wanted = negotiate(request, format);
    if (wanted === undefined) return sendNotAcceptable(request, response);
    const body = await this.#options.roots[channel].body(wanted.format, this.#options.hosted.reader);
    const encoding = wanted.encoding === 'identity' ? 'identity' : 'gzip';
    const page = encoding === 'gzip' ? body.gzip : body.identity();
    const ready = readyPage(page, wanted.contentType, encoding, Number.POSITIVE_INFINITY);
    // The plain text of half a million names is not worth its memory.
    if (encoding === 'gzip') this.#ready.remember(request, ready, generation);
    sendReady(request, response, ready);
  }

  async #project(
    request: IncomingMessage,
    response: ServerResponse,
    target: Extract<RequestTarget, { kind: 'project' }>,
    format: string | undefined,
  ): Promise<void> {
    const { generation } = this.#ready;
    const wanted = negotiate(request, format);
    if (wanted === undefined) return sendNotAcceptable(request, response);
    const view = await this.#view(target);
    const { hosted, publicUrl } = this.#options;
    const rendered = projectPage(view, wanted.format, wanted.encoding, hosted, publicUrl());
    const page = await encodedPage(rendered, wanted.encoding);
    const cacheStatus = view.degraded === undefined ? undefined : this.#cacheStatus(view.degraded);
    const ready = readyPage(page, wanted.contentType, wanted.encoding, view.freshUntil, cacheStatus);
    this.#ready.remember(request, ready, generation);
    sendReady(request, response, ready);
  }

  /** @throws WheelwrightError `forbidden` for a project that the policy denies, `not-found` for one that neither this service nor an upstream knows. */
  async #view(target: { channel: 'stable' | 'trial'; project: string; kind: string }): Promise<ProjectView> {
    const { views, signal } = this.#options;
    const view =
      views.peek(target.channel, target.project) ?? (await views.get(target.channel, target.project, signal));
    if (target.kind === 'explain') return view;
    const { denied } = view.assembly;
    if (denied !== undefined) {
      throw new WheelwrightError('forbidden', denied, {
        hint: 'The policy file of this index says so (docs/index.md); whoever runs it can allow the project.',
      });
    }
    if (view.known) return view;
    throw new WheelwrightError('not-found', `there is no project ${target.project}`, {
      hint: unknownHint(view),
    });
  }

  /** Tells that a page is older or shorter than it should be; a negative ttl says by how much it is past its time (RFC 9211). */
  #cacheStatus(degraded: ProjectView['degraded'] & {}): string {
    if (degraded === 'own-files-only') return 'wheelwright; fwd=miss; detail=upstream-unavailable';
    const seconds = Math.ceil((this.#options.clock() - degraded.saidAt) / 1000);
    return `wheelwright; hit; ttl=-${seconds}; detail=upstream-unavailable`;
  }

  async #file(
    request: IncomingMessage,
    response: ServerResponse,
    target: Extract<RequestTarget, { kind: 'file' }>,
  ): Promise<void> {
    const { files } = this.#options;
    if (!target.metadata) return files.send(request, response, target, await this.#view(target));
    return this.#small(request, response, target, { 'Content-Type': METADATA_TYPE }, (view) =>
      files.metadata(target, view),
    );
  }

  async #small(
    request: IncomingMessage,
    response: ServerResponse,
    target: Extract<RequestTarget, { kind: 'file' | 'provenance' }>,
    more: Record<string, string>,
    load: (view: ProjectView) => Promise<SmallFile>,
  ): Promise<void> {
    const { generation } = this.#ready;
    const view = await this.#view(target);
    const { sha256, bytes } = await load(view);
    const headers = Object.entries({ ...this.#options.files.headers(sha256), ...more }).flat();
    const ready: ReadyAnswer = {
      etag: `"${sha256}"`,
      headers: [...headers, 'Content-Length', String(bytes.length)],
      notModifiedHeaders: headers,
      body: bytes,
      freshUntil: view.freshUntil,
    };
    this.#ready.remember(request, ready, generation);
    sendReady(request, response, ready);
  }

  #fail(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    const gone = response.destroyed || (error as NodeJS.ErrnoException).code === 'ERR_STREAM_PREMATURE_CLOSE';
    if (!gone && !(error instanceof WheelwrightError && error.code !== 'internal')) {
      this.#options.onFault(`${request.method} ${request.url} failed`, error);
    }
    sendError(request, response, error);
  }
}

function unknownHint({ reserved, looksLike }: ProjectView): string {
  if (reserved) return 'The name is reserved here, and nothing has been published under it yet';
  return looksLike === undefined
    ? 'Look at the spelling'
    : `Look at the spelling: ${looksLike} is a project of this index`;
}

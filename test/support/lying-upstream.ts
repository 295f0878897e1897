import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** A real HTTP server on 127.0.0.1 as an upstream index, which can be told to lie. */
export interface LyingUpstream {
  /** Of the simple index, ending in a slash. */
  url: string;
  origin: string;
  /** `METHOD path` of every request, in order. */
  requests: string[];
  /** Entries of a project's JSON page; `url` defaults to /files/<filename> here. */
  pages: Map<string, Record<string, unknown>[]>;
  /** Answers for a path, instead of everything else. */
  answers: Map<string, Answer>;
  /** Adds a file that is really there, with its page entry; the fields are merged over the true ones. */
  offer(project: string, file: { filename: string; bytes: Buffer }, fields?: Record<string, unknown>): void;
  down: boolean;
  close(): Promise<void>;
}

export async function startLyingUpstream(): Promise<LyingUpstream> {
  const server = createServer((request, response) => {
    upstream.requests.push(`${request.method} ${request.url}`);
    if (upstream.down) {
      response.writeHead(503).end();
      return;
    }
    const answer = upstream.answers.get(request.url ?? '');
    if (answer !== undefined) {
      answer(request, response);
      return;
    }
    const name = /^\/simple\/([^/]+)\/$/.exec(request.url ?? '')?.[1] ?? '';
    const files = upstream.pages.get(name);
    if (files === undefined) response.writeHead(404).end();
    else {
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files, versions: [] }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const upstream: LyingUpstream = {
    url: `${origin}/simple/`,
    origin,
    requests: [],
    pages: new Map(),
    answers: new Map(),
    down: false,
    offer(project, { filename, bytes }, fields = {}) {
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const entry = { filename, url: `/files/${filename}`, hashes: { sha256 }, size: bytes.length, ...fields };
      upstream.pages.set(project, [...(upstream.pages.get(project) ?? []), entry]);
      upstream.answers.set(`/files/${filename}`, (_, response) => {
        response.writeHead(200, { 'content-length': bytes.length });
        response.end(bytes);
      });
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return upstream;
}

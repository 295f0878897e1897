import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface TestIndex {
  /** Of the simple index, ending in a slash. */
  url: string;
  /** Paths that were asked for, in order. */
  requests: string[];
  /** Adds a file to a project's page; its hash is that of its name. */
  add(project: string, filename: string, fields?: Record<string, unknown>): void;
  /** What is answered for a file of that name; without it 404. */
  bodies: Map<string, Buffer>;
  /** Names of files whose answers break off. */
  breaking: Set<string>;
  /** Answers everything with 503 while true. */
  down: boolean;
  close(): Promise<void>;
}

/** A real upstream on 127.0.0.1 that speaks the JSON form of the simple API. */
export async function startTestIndex(): Promise<TestIndex> {
  const projects = new Map<string, Record<string, unknown>[]>();
  const server = createServer((request, response) => {
    index.requests.push(request.url ?? '');
    const name = /^\/simple\/([^/]+)\/$/.exec(request.url ?? '')?.[1] ?? '';
    const files = projects.get(name);
    const filename = /^\/files\/(.+)$/.exec(request.url ?? '')?.[1] ?? '';
    const body = index.bodies.get(filename);
    if (index.down) response.writeHead(503).end();
    else if (index.breaking.has(filename)) {
      response.writeHead(200, { 'content-length': 1000 });
      response.write('x', () => response.destroy());
    } else if (body !== undefined) response.end(body);
    else if (files === undefined) response.writeHead(404).end();
    else {
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files, versions: [] }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const index: TestIndex = {
    url: `${origin}/simple/`,
    requests: [],
    bodies: new Map(),
    breaking: new Set(),
    down: false,
    add(project, filename, fields = {}) {
      const sha256 = createHash('sha256').update(filename).digest('hex');
      const file = { filename, url: `${origin}/files/${filename}`, hashes: { sha256 }, size: 1000, ...fields };
      projects.set(project, [...(projects.get(project) ?? []), file]);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return index;
}

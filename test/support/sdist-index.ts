import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { MadeSdist } from '../fixtures/sdists/sdist.js';

/**
 * An upstream on 127.0.0.1 that holds these archives: the JSON form of the simple API, and their bytes.
 * @param ready is waited for before a project's archive is given
 */
export async function serveSdists(
  made: readonly MadeSdist[],
  ready: (project: string) => Promise<void> = async () => undefined,
): Promise<Server> {
  const files = new Map(
    await Promise.all(made.map(async (sdist) => [sdist.filename, await readFile(sdist.path)] as const)),
  );
  const server = createServer((request, response) => {
    const [, kind, name = ''] = (request.url ?? '').split('/');
    const sdist = made.find(({ project, filename }) => (kind === 'files' ? filename === name : project === name));
    const bytes = sdist && (files.get(sdist.filename) as Buffer);
    if (sdist === undefined || bytes === undefined) {
      response.writeHead(404).end();
    } else if (kind === 'files') {
      ready(sdist.project).then(() => response.end(bytes));
    } else {
      const hashes = { sha256: createHash('sha256').update(bytes).digest('hex') };
      const file = { filename: sdist.filename, url: `/files/${sdist.filename}`, hashes };
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' });
      response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name: sdist.project, files: [file] }));
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

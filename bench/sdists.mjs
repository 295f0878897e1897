// Sdists whose `hooks.py` decides what a build does (test/fixtures/sdists/backend.py), and an index of them on 127.0.0.1.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

const BACKEND = new URL('../test/fixtures/sdists/backend.py', import.meta.url);

async function makeSdist(project, module, files) {
  const pyproject = `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "${project}"\nversion = "1.0"\n`;
  const all = { 'pyproject.toml': pyproject, 'backend.py': await readFile(BACKEND, 'utf8'), ...files };
  const pack = tar.pack();
  for (const [name, text] of Object.entries(all)) pack.entry({ name: `${module}-1.0/${name}` }, text);
  pack.finalize();
  return gzipSync(await buffer(pack));
}

/** An index that holds nothing yet; it gives the origin, and the url that is an upstream. */
export async function openSdistIndex() {
  const sdists = new Map();
  const server = createServer((request, response) => {
    const [, kind, name = ''] = request.url.split('/');
    const sdist = sdists.get(kind === 'files' ? name.split('-')[0] : name.replaceAll('-', '_'));
    if (sdist === undefined) return response.writeHead(404).end();
    if (kind === 'files') return response.end(sdist.bytes);
    const { filename, sha256 } = sdist;
    const files = [{ filename, url: `/files/${filename}`, hashes: { sha256 } }];
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
    return response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    url: `${origin}/simple/`,
    /** Adds a project in version 1.0. `files`: by their names, `hooks.py` among them. */
    async add(project, files) {
      const module = project.replaceAll('-', '_');
      const bytes = await makeSdist(project, module, files);
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      sdists.set(module, { filename: `${module}-1.0.tar.gz`, bytes, sha256 });
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

// An upstream of small sdists, each with one C file, that need nothing from any index: what takes the time is the service, not the compiler.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { gzipSync } from 'node:zlib';
import tar from 'tar-stream';

/** Lines that each build prints, numbered, so that a gap or a double shows in its log. */
export const LINES = 40;

const BACKEND = new URL('../../test/fixtures/sdists/backend.py', import.meta.url);
const SOURCE = `
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *unused) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "speedups", "", -1, methods};
PyMODINIT_FUNC PyInit_speedups(void) { return PyModule_Create(&module); }
`;

/** The wheel differs with each build of the same sdist, so that one published twice, or half of it, cannot look right. */
const hooks = (module) => `
import os, subprocess, sysconfig, time
def build(folder, write_wheel):
    for number in range(1, ${LINES} + 1):
        print(f"line {number} of ${module}", flush=True)
        time.sleep(0.02)
    library = "speedups" + sysconfig.get_config_var("EXT_SUFFIX")
    include = "-I" + sysconfig.get_path("include")
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", include, "speedups.c", "-o", library], check=True)
    with open(library, "rb") as file:
        files = {"${module}/" + library: file.read()}
    files["${module}/__init__.py"] = b"from .speedups import answer\\n"
    files["${module}/data.bin"] = os.urandom(1 << 20)
    return write_wheel(folder, files, tag="cp313-cp313-linux_x86_64")
`;

export async function startUpstream() {
  const backend = await readFile(BACKEND, 'utf8');
  const sdists = new Map();
  const server = createServer((request, response) => {
    const [, kind, name = ''] = request.url.split('/');
    const sdist = sdists.get(kind === 'files' ? name.split('-')[0] : name.replaceAll('-', '_'));
    if (sdist === undefined) return response.writeHead(404).end();
    if (kind === 'files') return response.end(sdist.bytes);
    const { sha256 } = sdist;
    const files = [{ filename: sdist.filename, url: `/files/${sdist.filename}`, hashes: { sha256 } }];
    response.setHeader('content-type', 'application/vnd.pypi.simple.v1+json');
    return response.end(JSON.stringify({ meta: { 'api-version': '1.1' }, name, files }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/simple/`,
    /** Adds a project, version 1.0, and gives its name. */
    async add(number) {
      const module = `chaos_${String(number).padStart(4, '0')}`;
      const project = module.replaceAll('_', '-');
      const filename = `${module}-1.0.tar.gz`;
      const pyproject = `[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n[project]\nname = "${project}"\nversion = "1.0"\n`;
      const files = {
        'pyproject.toml': pyproject,
        'backend.py': backend,
        'hooks.py': hooks(module),
        'speedups.c': SOURCE,
      };
      const pack = tar.pack();
      for (const [name, text] of Object.entries(files)) pack.entry({ name: `${module}-1.0/${name}` }, text);
      pack.finalize();
      const chunks = [];
      for await (const chunk of pack) chunks.push(chunk);
      const bytes = gzipSync(Buffer.concat(chunks));
      sdists.set(module, { filename, bytes, sha256: createHash('sha256').update(bytes).digest('hex') });
      return { project, module };
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

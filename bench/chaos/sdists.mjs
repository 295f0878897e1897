// An upstream of small sdists, each with one C file, that need nothing from any index: what takes the time is the service, not the compiler.
import { openSdistIndex } from '../sdists.mjs';

/** Lines that each build prints, numbered, so that a gap or a double shows in its log. */
export const LINES = 40;

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
  const { url, add, close } = await openSdistIndex();
  return {
    url,
    /** Adds a project, version 1.0, and gives its name. */
    async add(number) {
      const module = `chaos_${String(number).padStart(4, '0')}`;
      const project = module.replaceAll('_', '-');
      await add(project, { 'hooks.py': hooks(module), 'speedups.c': SOURCE });
      return { project, module };
    },
    close,
  };
}

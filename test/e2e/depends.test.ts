// Two wheels that hold one library, as lxml and xmlsec hold libxml2 (those two are in test/packages, for they take minutes).
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { BuildOrder, SharingWheel } from '../../core/attempt.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { type Finished, useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench();
let server: Server;
let first: Finished;
beforeAll(async () => {
  first = await bench.attempt(await order('first-part', SYSTEM));
  server = createServer((_request, response) => response.end(first.wheel));
  await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  server.close();
});

const SYSTEM: EffectiveRecipe = { system: { apt: ['libyaml-dev'] } };

/** An sdist with one module that links libyaml. */
async function order(project: string, recipe: EffectiveRecipe): Promise<BuildOrder> {
  const module = project.replace('-', '_');
  const hooks = `
import subprocess, sysconfig
SOURCE = """
#include <Python.h>
#include <yaml.h>
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "${module}", NULL, -1, NULL};
PyMODINIT_FUNC PyInit_${module}(void) { yaml_get_version_string(); return PyModule_Create(&definition); }
"""
def build(folder, write_wheel):
    open("native.c", "w").write(SOURCE)
    include = "-I" + sysconfig.get_paths()["include"]
    subprocess.run(["gcc", "-shared", "-fPIC", include, "native.c", "-o", "native.so", "-lyaml"], check=True)
    return write_wheel(folder, {"${module}.so": open("native.so", "rb").read()}, tag="cp313-cp313-linux_x86_64")
`;
  return bench.orderFor(await bench.makeSdist({ project, hooks }), recipe);
}

function sharing(grafted?: string[]): SharingWheel {
  if (first.outcome.kind !== 'succeeded') throw new Error(first.log);
  const { filename, sha256, grafted: own } = first.outcome.wheel;
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}/${filename}`;
  return { project: 'first-part', version: '1.0', filename, sha256, grafted: grafted ?? own, url };
}

const DEPENDS: EffectiveRecipe = { ...SYSTEM, depends: ['first-part'] };

it('waits for what it depends on, before anything else is done', async () => {
  const finished = await bench.attempt(await order('second-part', DEPENDS));
  expect(finished.outcome).toEqual({ kind: 'deferred', requirements: ['first-part'] });
});

it('is built in the image of the other, holds the same file, and is tested with it in both orders', async () => {
  const recipe = { ...DEPENDS, test: { script: 'import sys; assert "first_part" in sys.modules' } };
  const second = await order('second-part', recipe);
  const finished = await bench.attempt({ ...second, depends: [sharing()], lineage: [SYSTEM] });
  expect(finished.outcome, finished.log).toMatchObject({ kind: 'succeeded', wheel: { grafted: sharing().grafted } });
  expect(sharing().grafted).toEqual([expect.stringMatching(/^libyaml-0-[0-9a-f]{8}\.so/)]);
  expect(finished.log).toContain("running the recipe's test after importing first_part, second_part\n");
  expect(finished.log).toContain("running the recipe's test after importing second_part, first_part\n");
  const builder = (of: Finished) => of.inputs.find(({ kind, name }) => kind === 'image' && name.startsWith('builder'));
  expect(builder(finished)?.sha256).toBe(builder(first)?.sha256);
});

it('is refused where both hold the same library with other bytes', async () => {
  const second = await order('second-part', DEPENDS);
  const other = sharing(['libyaml-0-00000000.so.2.0.6']);
  const finished = await bench.attempt({ ...second, depends: [other], lineage: [SYSTEM] });
  expect(finished.outcome).toMatchObject({
    kind: 'failed',
    failure: {
      class: 'repair-refused',
      line: expect.stringMatching(/^libyaml-0-\w+\.so\S* is in this wheel, and libyaml-0-00000000/),
    },
  });
});

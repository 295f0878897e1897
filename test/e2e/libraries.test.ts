// A library that the distribution has too old: built first from a newer suite's source package, and kept for the next build.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench();

/** Debian 11 has 0.2.2. Where trixie moves on, the failure says to what. */
const LIBYAML = {
  debian: { suite: 'trixie', package: 'libyaml', filename: 'libyaml_0.2.5.orig.tar.gz' },
  sha256: 'fa240dbf262be053f3898006d502d514936c818e422afdcf33921c63bed9bf2e',
  install: './bootstrap && ./configure --prefix="$PREFIX" --disable-static && make && make install',
};
const PURE = 'def build(folder, write_wheel):\n    return write_wheel(folder, {"sample.py": b"x = 1\\n"})\n';

async function attempt(recipe: EffectiveRecipe) {
  return bench.attempt(await bench.orderFor(await bench.makeSdist({ hooks: PURE }), recipe));
}

it('pyyaml with a libyaml that Debian 11 does not have', async () => {
  const recipe: EffectiveRecipe = {
    sources: [LIBYAML],
    environment: { PYYAML_FORCE_LIBYAML: '1' },
    test: { script: 'import yaml._yaml; assert yaml._yaml.get_version() == (0, 2, 5), yaml._yaml.get_version()' },
  };
  const order = await bench.order('pyyaml==6.0.2', recipe);
  const first = await bench.attempt(order);
  expect(first.outcome, first.log).toMatchObject({
    kind: 'succeeded',
    wheel: { grafted: [expect.stringMatching(/^libyaml-0-/)] },
  });
  expect(first.inputs).toContainEqual(expect.objectContaining({ kind: 'source', sha256: LIBYAML.sha256 }));

  const second = await bench.attempt(order);
  expect(second.log).toContain('the libraries of the recipe are in wheelwright-derived:');
  expect(second.log).not.toContain('building the library');
  expect(second.wheel?.equals(first.wheel as Buffer)).toBe(true);
});

it('grafts a library without running the tools that came with it', async () => {
  const patchelf = `printf '#!/bin/sh\\necho ran foreign code; exit 1\\n' > "$PREFIX/bin/patchelf"; chmod +x "$PREFIX/bin/patchelf"`;
  const install = `${LIBYAML.install}\nmkdir -p "$PREFIX/bin"; ${patchelf}`;
  const order = await bench.order('pyyaml==6.0.2', { sources: [{ ...LIBYAML, install }] });
  const { outcome, log, inputs } = await bench.attempt(order);
  expect(log).not.toContain('ran foreign code');
  expect(outcome, log).toMatchObject({
    kind: 'succeeded',
    wheel: { grafted: [expect.stringMatching(/^libyaml-0-/)] },
  });
  expect(inputs).toContainEqual({
    kind: 'image',
    name: 'libraries debian-11 cp313',
    version: expect.stringMatching(/^wheelwright-derived:/),
    sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

it('a source package with other bytes, a suite that is none, and a file that is no longer there', async () => {
  const changed = await attempt({ sources: [{ ...LIBYAML, sha256: '0'.repeat(64) }] });
  expect(changed.outcome).toMatchObject({
    kind: 'failed',
    failure: {
      class: 'bad-request',
      phase: 'fetch',
      line: `libyaml_0.2.5.orig.tar.gz has sha256 ${LIBYAML.sha256} where ${'0'.repeat(64)} was expected`,
    },
  });
  const nowhere = { ...LIBYAML, sha256: '0'.repeat(64), debian: { ...LIBYAML.debian, suite: 'no-such-suite' } };
  expect((await attempt({ sources: [nowhere] })).outcome).toMatchObject({
    failure: { class: 'bad-request', line: 'the mirror has no suite no-such-suite' },
  });
  const gone = await attempt({
    // Of other bytes too: what was built of the same ones is kept, and fetched by no name.
    sources: [
      { ...LIBYAML, sha256: '0'.repeat(64), debian: { ...LIBYAML.debian, filename: 'libyaml_0.1.4.orig.tar.gz' } },
    ],
  });
  expect(gone.outcome).toMatchObject({
    failure: {
      class: 'bad-request',
      line: 'trixie no longer has libyaml_0.1.4.orig.tar.gz, but libyaml_0.2.5.orig.tar.gz',
    },
  });
});

it('a library is built with the programs of the build requirements, which may be newer than those of the image', async () => {
  const { path } = await bench.makeSdist({ hooks: PURE, project: 'library' });
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const install = 'cmake --version | grep "version 3.31" && mkdir -p "$PREFIX/lib"';
  const built = await attempt({
    sources: [{ url: `file:${path}`, sha256, install }],
    requires: { additions: ['cmake==3.31.*'] },
  });
  expect(built.outcome, built.log).toMatchObject({ kind: 'succeeded' });
});

it('a script that fails or hangs, each in the words of the log', async () => {
  const { path } = await bench.makeSdist({ hooks: PURE, project: 'library' });
  const sha256 = createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
  const library = (install: string): EffectiveRecipe => ({ sources: [{ url: `file:${path}`, sha256, install }] });
  const failing = await attempt(library('echo "int main(void) { return missing; }" > a.c; gcc a.c'));
  expect(failing.outcome).toMatchObject({
    failure: { class: 'compile-error', phase: 'build', line: expect.stringContaining('‘missing’ undeclared') },
  });
  const hanging = await attempt({ ...library('sleep 600'), resources: { timeout: '5s' } });
  expect(hanging.outcome).toMatchObject({ failure: { class: 'timed-out', phase: 'build' } });
  const preparing = await attempt({ prepare: 'sleep 600', resources: { timeout: '5s' } });
  expect(preparing.outcome).toMatchObject({ failure: { class: 'timed-out', phase: 'build' } });
});

it('a source with a wrong hash, and a patch that does not apply', async () => {
  const { path } = await bench.makeSdist({ hooks: PURE, project: 'library' });
  const wrong = await attempt({ sources: [{ url: `file:${path}`, sha256: '0'.repeat(64), to: 'library' }] });
  expect(wrong.outcome).toMatchObject({
    failure: {
      class: 'bad-request',
      line: expect.stringMatching(/^1-library-1\.0\.tar\.gz has sha256 \w+ where 0+ was/),
    },
  });
  const patch = '--- a/hooks.py\n+++ b/hooks.py\n@@ -1,1 +1,1 @@\n-nothing like it\n+else\n';
  const patched = await attempt({ patches: [patch] });
  expect(patched.outcome).toMatchObject({
    failure: { class: 'bad-sdist', phase: 'fetch', line: expect.stringContaining('does not apply to this sdist') },
  });
});

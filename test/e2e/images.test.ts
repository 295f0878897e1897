import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Images } from '../../adapters/docker/images.js';
import type { Target } from '../../core/build.js';
import type { BuilderImages } from '../../core/engine.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { openRealImages } from '../support/real-images.js';

const NAME = process.env.WHEELWRIGHT_TEST_IMAGE ?? 'debian-11';
const PYTHON = process.env.WHEELWRIGHT_TEST_PYTHON ?? 'cp313';
const GLIBC: Record<string, string> = { manylinux_2_31: '2.31', manylinux_2_36: '2.36' };

const docker = new Docker();
const instance = `test-images-${process.pid}`;
const { signal } = new AbortController();

let images: Images;
let target: Target;
let made: BuilderImages;

async function prepare(recipe: EffectiveRecipe, progress: (line: string) => void): Promise<BuilderImages> {
  const result = await images.prepareImages(target, recipe, progress, signal);
  if ('kind' in result) throw new Error(`refused: ${result.line}`);
  return result;
}

async function inImage(image: string, ...command: string[]): Promise<string> {
  const options = ['run', '--rm', '--network=none', '--read-only', '--tmpfs=/tmp:exec'];
  const { stdout } = await promisify(execFile)('docker', [...options, image, ...command]);
  return stdout;
}

beforeAll(async () => {
  ({ images, target } = await openRealImages(docker, instance, { image: NAME, python: PYTHON }));
  made = await prepare({}, console.error);
});

describe('builder and clean twin', () => {
  it('have the glibc of the policy and run unprivileged', async () => {
    for (const image of [made.builder, made.clean]) {
      const script = 'import os, platform; print(platform.libc_ver()[1], os.getuid())';
      expect(await inImage(image, 'python3', '-c', script)).toBe(`${GLIBC[target.policy]} 1000\n`);
    }
  });

  it('have the same interpreter bytes', async () => {
    const path = `/opt/python/${PYTHON}-${PYTHON}/bin/python`;
    expect(await inImage(made.builder, 'sha256sum', path)).toBe(await inImage(made.clean, 'sha256sum', path));
    expect(await inImage(made.builder, 'sh', '-c', 'readlink -f "$(command -v python3)"')).toContain(
      `/opt/python/${PYTHON}`,
    );
  });

  it('import every module that needs a system library', async () => {
    const script = 'import ssl, sqlite3, ctypes, lzma, bz2, zlib; print(ssl.create_default_context().verify_mode)';
    for (const image of [made.builder, made.clean]) expect(await inImage(image, 'python3', '-c', script)).not.toBe('');
  });

  it('keep compilers, headers and static libraries out of the clean twin', async () => {
    const found =
      'for t in gcc cc g++ ld make cmake; do command -v $t; done; find / -xdev -name "*.h" -o -xdev -name "*.a"';
    expect(await inImage(made.clean, 'sh', '-c', `(${found}) 2> /dev/null; true`)).toBe('');
  });

  it('give the builder its tools, and no library with headers beyond libc and the compiler', async () => {
    for (const tool of ['auditwheel', 'patchelf', 'uv', 'cmake', 'ninja', 'git', 'gcc', 'g++']) {
      expect(await inImage(made.builder, tool, '--version'), tool).not.toBe('');
    }
    const script = 'import auditwheel, packaging, pyproject_hooks, wheel';
    await inImage(made.builder, '/opt/tools/bin/python', '-c', script);
    const packages = await inImage(made.builder, 'sh', '-c', 'dpkg-query -W | cut -f 1 | cut -d : -f 1');
    const headers = packages
      .split('\n')
      .filter(
        (name) =>
          name.endsWith('-dev') &&
          !/^(autotools|linux-libc|libc6|libstdc\+\+-\d+|libgcc-\d+|libcrypt|libnsl|libtirpc)-dev$/.test(name),
      );
    expect(headers).toEqual([]);
  });
});

describe('prepareImages', () => {
  it('makes nothing when nothing changed', async () => {
    const progress: string[] = [];
    const again = await prepare({}, (line) => progress.push(line));
    expect(progress).toEqual([]);
    expect(again).toEqual(made);
    const [state] = (await images.listImages('2026-09-01', signal)).filter(
      ({ digest }) => digest === target.builderDigest,
    );
    expect(state).toMatchObject({ name: NAME, python: PYTHON, built: { builder: made.builder, clean: made.clean } });
  });

  it('derives an image with system packages once, records them, and removes it when it is no longer used', async () => {
    const progress: string[] = [];
    // Together no other test asks for them, so that nobody else has made this image on the same engine.
    const recipe: EffectiveRecipe = {
      system: { apt: ['libjansson-dev', 'libyaml-dev'] },
      runtime: { apt: ['libjansson4', 'libyaml-0-2'] },
    };
    const note = (line: string) => progress.push(line);
    const [first, second] = await Promise.all([prepare(recipe, note), prepare(recipe, note)]);
    expect(second).toEqual(first);
    expect(progress.filter((line) => line.endsWith('installing libjansson-dev libyaml-dev'))).toHaveLength(1);
    expect(await inImage(first.builder, 'cat', '/usr/include/yaml.h')).toContain('YAML_H');
    expect(first.inputs).toContainEqual({
      kind: 'system-package',
      name: 'libyaml-dev',
      version: expect.stringMatching(/^0\.2/),
    });
    expect(first.inputs).toContainEqual({ kind: 'tool', name: 'auditwheel', version: expect.stringMatching(/^6\.8/) });

    const later: string[] = [];
    expect(await prepare(recipe, (line) => later.push(line))).toEqual(first);
    expect(later).toEqual([]);

    expect(await images.removeUnused(1, signal)).toEqual([]);
    expect((await images.removeUnused(-1, signal)).sort()).toEqual([first.builder, first.clean].sort());
  });

  it('refuses a package that apt does not know, in its words', async () => {
    const recipe: EffectiveRecipe = { system: { apt: ['libyaml-dev', 'no-such-library-dev'] } };
    expect(await images.prepareImages(target, recipe, () => {}, signal)).toMatchObject({
      kind: 'refused',
      line: 'E: Unable to locate package no-such-library-dev',
    });
  });

  it('does not take a name for a pattern', async () => {
    const recipe: EffectiveRecipe = { system: { apt: ['libyam.-dev'] } };
    expect(await images.prepareImages(target, recipe, () => {}, signal)).toMatchObject({ kind: 'refused' });
  });

  it('ends when it is aborted in the middle', async () => {
    const abort = new AbortController();
    const recipe: EffectiveRecipe = { system: { apt: ['libfftw3-dev'] } };
    const stop = () => setTimeout(() => abort.abort(new Error('stopped')), 500);
    await expect(images.prepareImages(target, recipe, stop, abort.signal)).rejects.toThrow('stopped');
  });

  it('brings a Rust toolchain that runs on the glibc of the image', async () => {
    const recipe: EffectiveRecipe = { toolchains: ['rust'] };
    const { builder, inputs } = await prepare(recipe, console.error);
    const source =
      'echo "fn main() { println!(\\"compiled\\"); }" > /tmp/a.rs && rustc -o /tmp/a /tmp/a.rs && cargo --version && /tmp/a';
    expect(await inImage(builder, 'sh', '-c', source)).toMatch(/^cargo \S+.*\ncompiled\n$/);
    const names = inputs
      .filter(({ kind }) => kind === 'toolchain' || kind === 'system-package')
      .map(({ name }) => name);
    expect(names).toContain(names.includes('rustc-web') ? 'cargo-web' : 'rust');
    await images.removeUnused(-1, signal);
  });
});

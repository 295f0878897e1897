import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import { extract, pack } from 'tar-stream';
import { afterEach, describe, expect, it } from 'vitest';
import { loadImages } from '../../adapters/disk/image-definitions.js';
import { engineError } from '../../adapters/docker/engine-error.js';
import { buildImage } from '../../adapters/docker/image-build.js';
import { packContext } from '../../adapters/docker/image-context.js';
import { DIGEST_LABEL } from '../../adapters/docker/image-names.js';
import { trustedBundle } from '../../adapters/docker/image-targets.js';
import { type ImagesOptions, openImages } from '../../adapters/docker/images.js';
import { packToolchainFolder, readToolchainFolder } from '../../adapters/docker/toolchain-folder.js';
import type { BuilderImages } from '../../core/engine.js';
import { type Interpreter, imageDigests, targetsOf } from '../../core/image.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';

const { signal } = new AbortController();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** An engine that answers a build as told. */
async function engineThat(answer: RequestListener): Promise<Docker> {
  const server: Server = createServer((request, response) => {
    request.resume().on('end', () => answer(request, response));
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return new Docker({ protocol: 'http', host: '127.0.0.1', port: (server.address() as AddressInfo).port });
}

const build = (docker: Docker, stop: AbortSignal = signal) =>
  buildImage(
    docker,
    { context: packContext([{ name: 'Dockerfile', content: 'FROM x' }]), tag: 'x:y', labels: {} },
    stop,
  );

describe('buildImage', () => {
  it('gives the log of a failed command, whole and without colours, as a value', async () => {
    const message = `${JSON.stringify({ stream: '\u001b[91mE: größer\u001b[0m\n' })}\r\n`;
    const docker = await engineThat((_request, response) => {
      const bytes = Buffer.from(message);
      response.write(bytes.subarray(0, 27));
      setImmediate(() =>
        response.end(Buffer.concat([bytes.subarray(27), Buffer.from('{"error":"returned 100"}\r\n')])),
      );
    });
    expect(await build(docker)).toEqual({ kind: 'failed', log: 'E: größer\nreturned 100\n' });
  });

  it('does not take an engine that dies for a finished build', async () => {
    const docker = await engineThat((_request, response) => {
      response.write('{"stream":"Step 1/2"}\n');
      setImmediate(() => response.destroy());
    });
    await expect(build(docker)).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('says that the disk is full', async () => {
    const docker = await engineThat((_request, response) => {
      response.end('{"error":"write /usr/lib/x.so: no space left on device"}\n');
    });
    await expect(build(docker)).rejects.toThrow(/disk of the container engine is full/);
  });

  it('does not leave the engine waiting for a context that broke off', async () => {
    const docker = await engineThat(() => {});
    const context = new Readable({ read: () => {} });
    const building = buildImage(docker, { context, tag: 'x:y', labels: {} }, signal);
    setImmediate(() => context.destroy(new Error('the folder went away')));
    await expect(building).rejects.toThrow('the folder went away');
  });

  it('lets go of a context that the engine takes no more of', async () => {
    const context = new Readable({ read: () => {} });
    const docker = new Docker({ socketPath: '/nowhere/docker.sock' });
    await expect(buildImage(docker, { context, tag: 'x:y', labels: {} }, signal)).rejects.toThrow('went away');
    expect(context.destroyed).toBe(true);
  });

  it('ends with the reason of the abort', async () => {
    const abort = new AbortController();
    const docker = await engineThat((_request, response) => {
      response.write('{"stream":"Step 1/2"}\n');
      abort.abort(new Error('stopped'));
    });
    await expect(build(docker, abort.signal)).rejects.toThrow('stopped');
  });
});

describe('openImages', () => {
  const DONE = '{"stream":"done"}\n';
  /** An engine that has the images of the first target and nothing else, and answers each build as told; with how many it was asked for, and that target. */
  const engineWithTarget = async (answer: (number: number) => string) => {
    let builds = 0;
    let digest = '';
    const docker = await engineThat(({ url = '' }, response) => {
      const is = (part: string) => url.includes(part);
      if (is('/build?')) {
        builds += 1;
        response.end(answer(builds));
      } else if (is('/tag?')) response.writeHead(201).end();
      else if (is('/images/') && !is('wheelwright-derived'))
        response.end(JSON.stringify({ Id: 'sha256:0', Config: { Labels: { [DIGEST_LABEL]: digest } } }));
      else if (is('/containers/create')) response.writeHead(201).end('{"Id":"c"}');
      else response.writeHead(404).end('{"message":"no such thing"}');
    });
    const found = ([target]: ReturnType<typeof targetsOf>) => {
      if (target === undefined) throw new Error('images/ is empty');
      digest = target.builderDigest;
      return target;
    };
    return [docker, () => builds, found] as const;
  };
  const open = async (docker: Docker, caBundle = '/nowhere', changed: Partial<ImagesOptions> = {}) => {
    const definitions = await loadImages('images');
    const images = openImages({
      docker,
      definitions,
      imagesFolder: 'images',
      caBundle,
      debianMirror: undefined,
      indexUrl: undefined,
      toolchainFolders: { rust: undefined, go: undefined },
      compilerCache: false,
      instance: 'test',
      ...changed,
    });
    return { images, targets: definitions.flatMap(targetsOf) };
  };

  it('says that the engine is not there', async () => {
    const { images, targets } = await open(new Docker({ socketPath: '/nowhere/docker.sock' }));
    const prepared = images.prepareImages(targets[0] as (typeof targets)[0], {}, () => {}, signal);
    await expect(prepared).rejects.toMatchObject({ code: 'unavailable', hint: expect.stringContaining('DOCKER_HOST') });
  });

  it('says that the certificates that containers are to trust cannot be read', async () => {
    await expect(trustedBundle({ caBundle: '/nowhere' })).rejects.toMatchObject({
      code: 'invalid',
      hint: expect.stringContaining('WHEELWRIGHT_CA_BUNDLE'),
    });
  });

  it('refuses a target that is defined otherwise here', async () => {
    const { images, targets } = await open(new Docker({ socketPath: '/nowhere/docker.sock' }));
    const target = { ...(targets[0] as (typeof targets)[0]), builderDigest: 'other' };
    await expect(images.prepareImages(target, {}, () => {}, signal)).rejects.toMatchObject({ code: 'conflict' });
  });

  it.each([
    ['refuses where the mirror lists a source that it does not have', '404  Not Found', 'refused'],
    ['leaves it to another try where the mirror fails', '502  Bad Gateway', 'unavailable'],
  ])('%s', async (_says, answer, result) => {
    const line = `E: Failed to fetch http://mirror.example/pool/python.orig.tar.xz  ${answer}`;
    const [image] = await loadImages('images');
    if (image === undefined) throw new Error('images/ is empty');
    const { base } = imageDigests(image, image.definition.interpreters[0] as Interpreter);
    const failed = `${JSON.stringify({ stream: `${line}\n` })}\n{"error":"returned 100"}\n`;
    const docker = await engineThat(({ url = '' }, response) => {
      if (url.includes('/build?')) response.end(url.includes('target=source') ? failed : '{"stream":"done"}\n');
      else if (url.includes('wheelwright-base'))
        response.end(JSON.stringify({ Id: 'sha256:0', Config: { Labels: { [DIGEST_LABEL]: base } } }));
      else response.writeHead(404).end('{"message":"No such image"}');
    });
    const { images, targets } = await open(docker, 'package.json');
    const prepared = await images
      .prepareImages(targets[0] as (typeof targets)[0], {}, () => {}, signal)
      .catch((error: unknown) => error);
    if (result === 'refused') expect(prepared).toMatchObject({ kind: 'refused', class: 'infrastructure', line });
    else expect(prepared).toMatchObject({ code: 'unavailable', message: expect.stringContaining(line) });
  });

  it.each([
    ['and has it then', 1],
    ['and says what to do where that changes nothing', 2],
  ])('takes the lists anew where the mirror lacks a package that they name, %s', async (_says, failures) => {
    const line = 'E: Failed to fetch http://mirror.example/pool/libfoo-dev_1-1_amd64.deb  404  Not Found';
    const failed = `${JSON.stringify({ stream: `${line}\n` })}\n{"error":"returned 100"}\n`;
    const [docker, builds, found] = await engineWithTarget((number) => (number <= failures ? failed : DONE));
    const { images, targets } = await open(docker, 'package.json');
    const target = found(targets);
    const said: string[] = [];
    const recipe = { system: { apt: ['libfoo-dev'] } };
    const prepared = await images.prepareImages(target, recipe, (text) => said.push(text), signal);
    expect(builds()).toBe(2);
    expect(said).toContainEqual(expect.stringContaining('lists libfoo-dev and does not hold it: once more'));
    if (failures === 1) expect(prepared).toMatchObject({ builder: expect.stringContaining('wheelwright-derived:') });
    else {
      const cause = expect.stringMatching(/lists libfoo-dev and does not hold it, also in lists .*docs\/images\.md/);
      expect(prepared).toMatchObject({ kind: 'refused', class: 'infrastructure', line, cause });
    }
  });

  it('asks for a compiler cache again some time after it could not be had', async () => {
    let works = false;
    const failed = '{"stream":"E: Failed to fetch it  502  Bad Gateway\\n"}\n{"error":"100"}\n';
    const [docker, builds, found] = await engineWithTarget(() => (works ? DONE : failed));
    let now = 0;
    const { images, targets } = await open(docker, 'package.json', { compilerCache: true, now: () => now });
    const target = found(targets);
    const prepare = async () => {
      const made = await images.prepareImages(target, {}, () => undefined, signal);
      return 'kind' in made ? made.line : made.compilerCache;
    };
    expect(await prepare()).toBe(false);
    expect(builds()).toBe(1);
    works = true;
    expect(await prepare()).toBe(false);
    expect(builds()).toBe(1);
    now += 30 * 60_000;
    expect(await prepare()).toBe(true);
  });

  it('reads a toolchain again that could not be read', async () => {
    const docker = await engineThat((_request, response) => response.writeHead(500).end('{"message":"no"}'));
    const folder = await mkdtemp(join(tmpdir(), 'wheelwright-rust-'));
    closing.push(() => rm(folder, { recursive: true }));
    const { images, targets } = await open(docker, '/nowhere', { toolchainFolders: { rust: folder, go: undefined } });
    const prepared = () =>
      images.prepareImages(targets[0] as (typeof targets)[0], { toolchains: ['rust'] }, () => undefined, signal);
    await expect(prepared()).rejects.toThrow('is not a Rust toolchain');
    await mkdir(join(folder, 'bin'));
    await writeFile(join(folder, 'bin', 'rustc'), '#!/bin/sh\necho rustc 1.0.0\n');
    await chmod(join(folder, 'bin', 'rustc'), 0o755);
    // It comes to the engine now.
    await expect(prepared()).rejects.toThrow('the container engine refused');
  });

  it('tells a toolchain that was updated in its place, and what an image that was made again holds', async () => {
    let made = 0;
    const docker = await engineThat(({ url = '', method }, response) => {
      const is = (part: string) => url.includes(part);
      if (is('/build?')) {
        made += 1;
        response.end(DONE);
      } else if (is('/tag?')) response.writeHead(201).end();
      else if (is('/images/')) {
        const Id = `sha256:${is('wheelwright-derived') ? made : 0}`;
        response.end(JSON.stringify({ Id, Config: { Labels: { [DIGEST_LABEL]: target.builderDigest } } }));
      } else if (is('/archive?')) {
        const archive = pack();
        archive.entry({ name: 'added-packages' }, `libfoo-dev 1-${made}\n`);
        archive.finalize();
        archive.pipe(response);
      } else if (method === 'DELETE') response.writeHead(204).end();
      else response.writeHead(201).end('{"Id":"c"}');
    });
    const folder = await mkdtemp(join(tmpdir(), 'wheelwright-rust-'));
    closing.push(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'bin'));
    const { images, targets } = await open(docker, 'package.json', {
      toolchainFolders: { rust: folder, go: undefined },
    });
    const [target] = targets as [(typeof targets)[0]];
    const prepare = async (version: string) => {
      const rustc = join(folder, 'bin', 'rustc');
      await writeFile(`${rustc}.new`, `#!/bin/sh\necho rustc ${version}\n`, { mode: 0o755 });
      await rename(`${rustc}.new`, rustc);
      const recipe: EffectiveRecipe = { toolchains: ['rust'], system: { apt: ['libfoo-dev'] } };
      const { inputs } = (await images.prepareImages(target, recipe, () => undefined, signal)) as BuilderImages;
      return inputs.flatMap(({ kind, name, version }) =>
        kind === 'toolchain' || kind === 'system-package' ? [`${name} ${version}`] : [],
      );
    };
    expect(await prepare('1.0.0')).toEqual(['libfoo-dev 1-1', 'rust 1.0.0']);
    expect(await prepare('1.1.0')).toEqual(['libfoo-dev 1-2', 'rust 1.1.0']);
  });

  it('says that the engine may not be used', async () => {
    const denied = engineError('looking', new Error('connect EACCES /var/run/docker.sock'));
    expect(denied.hint).toContain('not in the group `docker`');
  });

  it('lists what could be built where nothing is', async () => {
    const docker = await engineThat((_request, response) => response.writeHead(404).end('{"message":"No such image"}'));
    const { images, targets } = await open(docker);
    const listed = await images.listImages('2026-11-24', signal);
    expect(listed.map(({ digest }) => digest)).toEqual(targets.map(({ builderDigest }) => builderDigest));
    expect(listed.filter(({ built }) => built)).toEqual([]);
    expect(listed.filter(({ warning }) => warning).map(({ name }) => name)).toEqual([
      'debian-11',
      'debian-11',
      'debian-11',
    ]);
  });
});

describe('a Rust toolchain folder', () => {
  async function toolchain(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'wheelwright-rust-'));
    closing.push(() => rm(folder, { recursive: true }));
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'share/doc'), { recursive: true });
    await mkdir(join(folder, 'lib/rustlib/src'), { recursive: true });
    await writeFile(join(folder, 'bin/rustc'), '#!/bin/sh\necho "rustc 1.95.0 (abc 2026-01-01)"\n');
    await chmod(join(folder, 'bin/rustc'), 0o755);
    await writeFile(join(folder, 'lib/libstd.so'), 'library');
    await symlink('libstd.so', join(folder, 'lib/libstd.so.1'));
    return folder;
  }

  it('is identified by what is copied, and nothing else', async () => {
    const folder = await toolchain();
    const first = await readToolchainFolder('rust', folder);
    expect(first.version).toBe('1.95.0');
    await writeFile(join(folder, 'share/doc/index.html'), 'documentation');
    await writeFile(join(folder, 'lib/rustlib/src/lib.rs'), 'source');
    expect(await readToolchainFolder('rust', folder)).toEqual(first);
    await writeFile(join(folder, 'lib/libstd.so'), 'Library');
    expect((await readToolchainFolder('rust', folder)).sha256).not.toBe(first.sha256);
  });

  it('is packed with its links and executable bits', async () => {
    const tar = pack();
    const packing = packToolchainFolder(tar, await readToolchainFolder('rust', await toolchain())).then(() =>
      tar.finalize(),
    );
    const entries: string[] = [];
    for await (const entry of tar.pipe(extract())) {
      entries.push(`${entry.header.name} ${entry.header.mode?.toString(8)} ${entry.header.linkname ?? ''}`.trim());
      entry.resume();
    }
    await packing;
    expect(entries).toEqual([
      'rust/bin/rustc 755',
      'rust/lib/libstd.so 644',
      expect.stringMatching(/^rust\/lib\/libstd.so.1 \d+ libstd.so$/),
    ]);
  });

  it('must hold a rustc that runs', async () => {
    await expect(readToolchainFolder('rust', '/nowhere')).rejects.toMatchObject({ code: 'invalid' });
  });
});

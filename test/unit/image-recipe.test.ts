import { describe, expect, it } from 'vitest';
import { derivedDockerfile } from '../../adapters/docker/image-derived.js';
import { SingleFlight } from '../../adapters/docker/image-flight.js';
import { refusalOf, sourceRefusal } from '../../adapters/docker/image-refusal.js';
import { contentOf } from '../../adapters/docker/image-toolchains.js';
import { imageSchema } from '../../core/image.js';

const definition = imageSchema.parse({
  name: 'debian-11',
  family: 'debian',
  policy: 'manylinux_2_31',
  architecture: 'x86_64',
  base: { debootstrap: { suite: 'bullseye' } },
  'security-until': '2026-08-31',
  packages: {},
  interpreters: [
    {
      version: '3.13.5',
      tag: 'cp313',
      source: {
        debian: { suite: 'trixie', package: 'python3.13' },
        filename: 'python3.13_3.13.5.orig.tar.xz',
        sha256: 'a'.repeat(64),
      },
    },
  ],
});

describe('what a recipe adds', () => {
  const noFolder = async () => undefined;

  it('is sorted, each package once, runtime libraries in the clean image only', async () => {
    const recipe = {
      system: { apt: ['libz', 'liba', 'libz'], dnf: ['other'] },
      toolchains: ['fortran' as const],
      runtime: { apt: ['libexpat1'] },
    };
    expect(await contentOf(definition, recipe, noFolder)).toMatchObject({
      builder: { packages: ['gfortran', 'liba', 'libz'] },
      clean: { packages: ['libexpat1'] },
    });
  });

  it('takes Rust and Go from Debian where no toolchain folder is given', async () => {
    expect(await contentOf(definition, { toolchains: ['rust', 'go'] }, noFolder)).toMatchObject({
      builder: { packages: ['cargo-web', 'golang-go', 'rustc-web'], folders: [] },
      inputs: [],
    });
  });

  it('takes a toolchain from the folder that is given, and records what is in it', async () => {
    const go = { toolchain: 'go' as const, folder: '/go', version: '1.26.8', sha256: 'abc' };
    const content = await contentOf(definition, { toolchains: ['rust', 'go'] }, async (name) =>
      name === 'go' ? go : undefined,
    );
    expect(content).toMatchObject({
      builder: { packages: ['cargo-web', 'rustc-web'], folders: [go] },
      inputs: [{ kind: 'toolchain', name: 'go', version: '1.26.8', sha256: 'abc' }],
    });
  });

  it.each(['a;id', '-oAPT::Foo=1', 'libpq-', 'x y', ''])('is refused with %j as a package', async (name) => {
    for (const recipe of [{ system: { apt: [name] } }, { runtime: { apt: [name] } }]) {
      expect(await contentOf(definition, recipe, noFolder)).toMatchObject({ kind: 'refused', line: `apt: "${name}"` });
    }
  });

  it('is refused with bazel', async () => {
    expect(await contentOf(definition, { toolchains: ['bazel'] }, noFolder)).toMatchObject({ kind: 'refused' });
  });
});

describe('derivedDockerfile', () => {
  it('copies toolchain folders, behind the PATH of the image', () => {
    const folders = [{ toolchain: 'go' as const, folder: '/go', version: '1.26.8', sha256: 'abc' }];
    expect(derivedDockerfile('wheelwright-builder:x', { packages: [], environment: {}, folders })).toContain(
      `COPY go/ /opt/go/\nENV PATH=\${PATH}:/opt/go/bin\n`,
    );
  });

  it('passes packages as arguments and not through a shell, and ends unprivileged', () => {
    const content = { packages: ['g++', 'libpq-dev'], environment: { JAVA_HOME: '/java' }, folders: [] };
    expect(derivedDockerfile('wheelwright-builder:x', content)).toBe(
      [
        'FROM wheelwright-builder:x',
        'USER root',
        'COPY ca-bundle.crt /opt/wheelwright/ca-bundle.crt',
        'RUN ["/opt/wheelwright/install-packages","g++","libpq-dev"]',
        'ENV JAVA_HOME=/java',
        'USER 1000:1000',
        '',
      ].join('\n'),
    );
  });
});

describe('refusalOf', () => {
  it.each([
    [
      'Reading package lists...\nE: Unable to locate package libfoo-dev\n',
      'E: Unable to locate package libfoo-dev',
      'libfoo-dev',
    ],
    [
      "Package libx is a virtual package provided by:\nE: Package 'libx' has no installation candidate\n",
      "E: Package 'libx' has no installation candidate",
      'libx',
    ],
    [
      'The following packages have unmet dependencies:\n liba-dev : Conflicts: libb-dev\nE: Unable to correct problems, you have held broken packages.\n',
      'liba-dev : Conflicts: libb-dev',
      'together',
    ],
  ])('finds the decisive line of %j', (log, line, cause) => {
    const refusal = refusalOf(log, 'debian-11');
    expect(refusal).toMatchObject({ kind: 'refused', log, line });
    expect(refusal.cause).toContain(cause);
  });

  it.each([
    "Err:1 http://mirror.example bullseye InRelease\n  Temporary failure resolving 'mirror.example'\nE: Unable to locate package libpq-dev\n",
    'E: Failed to fetch http://mirror.example/pool/x_1-1_all.deb  502  Bad Gateway\n',
    'E: Failed to fetch http://mirror.example/dists/bullseye/main/Packages.xz  404  Not Found\nE: Some index files failed to download.\n',
    'dpkg: error: failed to write: No space left on device\n',
  ])('does not blame the recipe for %j', (log) => {
    expect(() => refusalOf(log, 'debian-11')).toThrow(/installing packages into debian-11 failed/);
  });

  it('says at once that the mirror lists a package and does not hold it', () => {
    const line =
      'E: Failed to fetch http://mirror.example/pool/main/i/im/libmagick%2b%2b-6-headers_6.9-1_all.deb  404  Not Found [IP: 192.0.2.1 80]';
    const refusal = refusalOf(
      `Fetched 3 kB\n${line}\nE: Unable to fetch some archives, maybe run apt-get update?\n`,
      'debian-11',
    );
    expect(refusal).toMatchObject({ kind: 'refused', class: 'infrastructure', line });
    expect(refusal.cause).toMatch(/lists libmagick\+\+-6-headers and does not hold it/);
  });
});

describe('sourceRefusal', () => {
  it.each([
    'E: Failed to fetch http://mirror.example/pool/main/p/python3.14/python3.14_3.14.8-1.dsc  404  Not Found [IP: 192.0.2.1 80]',
    'E: Failed to fetch http://mirror.example/pool/main/p/python3.14/python3.14_3.14.8.orig.tar.xz  404  Not Found',
    'E: Unable to find a source package for python3.14',
    'E: forky no longer has a.orig.tar.xz, but ./b.orig.tar.xz : update filename, version and sha256 in image.yaml',
    'E: a.orig.tar.xz has the sha256 0000, image.yaml says 1111',
  ])('says at once %j', (line) => {
    const refusal = sourceRefusal(
      `Reading package lists...\n${line}\nE: Failed to fetch some archives.\n`,
      'i',
      'cp314',
    );
    expect(refusal).toMatchObject({ kind: 'refused', class: 'infrastructure', line });
    expect(refusal?.cause).toMatch(/cp314/);
  });

  it.each([
    'E: Failed to fetch http://mirror.example/dists/forky/main/source/Sources.xz  404  Not Found',
    'E: Failed to fetch http://mirror.example/pool/a.orig.tar.xz  502  Bad Gateway',
    'E: Failed to fetch http://mirror.example/pool/a.orig.tar.xz  Connection timed out',
    "E: The repository 'http://mirror.example forky Release' does not have a Release file.",
  ])('leaves to another try %j', (line) => {
    expect(sourceRefusal(`${line}\n`, 'i', 'cp314')).toBeUndefined();
  });
});

describe('SingleFlight', () => {
  it('works once for all who ask meanwhile, and again afterwards', async () => {
    const flights = new SingleFlight();
    let runs = 0;
    const work = async () => {
      await Promise.resolve();
      runs += 1;
      return runs;
    };
    const { signal } = new AbortController();
    expect(await Promise.all([flights.run('a', signal, work), flights.run('a', signal, work)])).toEqual([1, 1]);
    expect(await flights.run('a', signal, work)).toBe(2);
  });

  it('aborts the work only when nobody waits any more', async () => {
    const flights = new SingleFlight();
    let aborted = false;
    const work = (signal: AbortSignal) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          aborted = true;
          reject(signal.reason);
        });
      });
    const [first, second] = [new AbortController(), new AbortController()];
    const results = [flights.run('a', first.signal, work), flights.run('a', second.signal, work)];
    first.abort(new Error('first'));
    await expect(results[0]).rejects.toThrow('first');
    expect(aborted).toBe(false);
    second.abort(new Error('second'));
    await expect(results[1]).rejects.toThrow('second');
    expect(aborted).toBe(true);
  });
});

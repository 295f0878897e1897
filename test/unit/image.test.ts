import { describe, expect, it } from 'vitest';
import { digestOf } from '../../core/digest.js';
import { imageDigests, imageSchema, isDebianPackageName, securityWarning, targetsOf } from '../../core/image.js';

const sha256 = 'a'.repeat(64);
const cp313 = {
  version: '3.13.5',
  tag: 'cp313',
  source: { debian: { suite: 'trixie', package: 'python3.13' }, filename: 'python3.13_3.13.5.orig.tar.xz', sha256 },
};
const cp311 = {
  version: '3.11.2',
  tag: 'cp311',
  source: { debian: { suite: 'bookworm', package: 'python3.11' }, filename: 'python3.11_3.11.2.orig.tar.gz', sha256 },
};
const written = {
  name: 'debian-11',
  family: 'debian',
  policy: 'manylinux_2_31',
  architecture: 'x86_64',
  base: { debootstrap: { suite: 'bullseye' } },
  'security-until': '2026-08-31',
  packages: { runtime: ['libssl1.1'], builder: ['gcc', 'g++'], interpreter: ['libssl-dev'] },
  interpreters: [cp313],
};
const files = { Dockerfile: '1', bootstrap: '2' };
const load = (change: object = {}, withFiles: Record<string, string> = files) => ({
  definition: imageSchema.parse({ ...written, ...change }),
  files: withFiles,
});
const target = (image: ReturnType<typeof load>, python = 'cp313') =>
  targetsOf(image).find((found) => found.python === python)?.builderDigest;

describe('identity of an image', () => {
  it('is the same whatever other interpreters there are, and whatever is only said about it', () => {
    const alone = target(load());
    expect(target(load({ interpreters: [cp311, cp313] }))).toBe(alone);
    expect(target(load({ 'security-until': '2030-01-01' }))).toBe(alone);
    expect(target(load({}, { bootstrap: '2', Dockerfile: '1' }))).toBe(alone);
    expect(target(load({ interpreters: [cp311, cp313] }), 'cp311')).not.toBe(alone);
  });

  it.each([
    ['the policy', load({ policy: 'manylinux_2_36' })],
    ['the base', load({ base: { debootstrap: { suite: 'bookworm' } } })],
    ['a package', load({ packages: { ...written.packages, builder: ['gcc'] } })],
    ['the source archive', load({ interpreters: [{ ...cp313, source: { ...cp313.source, sha256: 'b'.repeat(64) } }] })],
    ['a byte of a script', load({}, { ...files, Dockerfile: '3' })],
  ])('changes with %s', (_what, changed) => {
    expect(target(changed)).not.toBe(target(load()));
  });

  it('keeps the base where only later steps changed', () => {
    const base = (image: ReturnType<typeof load>) =>
      imageDigests(image, image.definition.interpreters[0] ?? cp313).base;
    expect(base(load({}, { ...files, Dockerfile: '3' }))).toBe(base(load()));
    expect(base(load({}, { ...files, bootstrap: '3' }))).not.toBe(base(load()));
  });

  it('does not depend on the order of keys', () => {
    expect(digestOf({ a: [1, { c: 2, b: 3 }], d: undefined })).toBe(digestOf({ a: [1, { b: 3, c: 2 }] }));
    expect(digestOf([1, 2])).not.toBe(digestOf([2, 1]));
  });
});

describe('imageSchema', () => {
  const messages = (change: object) =>
    imageSchema
      .safeParse({ ...written, ...change })
      .error?.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);

  it('takes a reference pinned by digest, and nothing less', () => {
    const reference = `registry.example:5000/team/debian@sha256:${sha256}`;
    expect(messages({ base: { reference } })).toBeUndefined();
    expect(messages({ base: { reference: 'debian:11' } })).toHaveLength(1);
  });

  it('names an unknown key, a wrong tag and a second interpreter of the same tag', () => {
    expect(messages({ colour: 'red' })).toEqual([': Unrecognized key: "colour"']);
    expect(messages({ interpreters: [{ ...cp313, tag: 'cp312' }] })).toEqual([
      'interpreters.0.tag: CPython 3.13.5 has the tag cp313',
    ]);
    expect(messages({ interpreters: [cp313, cp313] })).toEqual(['interpreters.1.tag: cp313 appears twice']);
  });

  it('wants a source where the family compiles, and a reference where the image brings its interpreters', () => {
    expect(messages({ interpreters: [{ version: '3.13.5', tag: 'cp313' }] })).toHaveLength(1);
    expect(messages({ family: 'manylinux' })).toHaveLength(2);
  });

  it('lets nothing that a shell would read through as a package name', () => {
    expect(messages({ packages: { ...written.packages, runtime: ['a; rm -rf /'] } })).toHaveLength(1);
  });
});

describe('isDebianPackageName', () => {
  it.each(['libpq-dev', 'g++', 'libc6', 'default-libmysqlclient-dev', 'libgtk2.0-dev', 'r-base'])(
    'takes %s',
    (name) => {
      expect(isDebianPackageName(name)).toBe(true);
    },
  );
  it.each([
    '',
    '-y',
    'libpq-',
    'libpq-dev=13',
    'Libpq',
    'a b',
    '$(id)',
    'x;y',
    '../a.deb',
    './a',
    'lib*',
    'x\ny',
    'libpq-dev:i386',
    'libpq/sid',
  ])('refuses %j', (name) => expect(isDebianPackageName(name)).toBe(false));
});

describe('securityWarning', () => {
  it('says so from the day after', () => {
    const { definition } = load();
    expect(securityWarning(definition, '2026-08-31')).toBeUndefined();
    expect(securityWarning(definition, '2026-09-01')).toContain('2026-08-31');
  });
});

import { expect, it } from 'vitest';
import { buildStatement, preAuthenticationEncoding } from '../../core/provenance.js';
import type { EndingAttempt } from '../../core/store.js';

const build: EndingAttempt['build'] = {
  id: 'b1',
  key: 'key1',
  project: 'demo',
  version: '1.0',
  requirement: 'demo>=1',
  sdist: { filename: 'demo-1.0.tar.gz', url: 'https://user:secret@upstream.example/demo-1.0.tar.gz', sha256: 'aa' },
  recipeDigest: 'bb',
  recipe: { cpu: 'x86-64-v3' },
  target: { policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313', image: 'debian-11', builderDigest: 'cc' },
  channel: 'stable',
  priority: 0,
};

it('says what the wheel was made from and how', () => {
  const statement = buildStatement({
    file: { filename: 'demo-1.0-cp313-cp313-manylinux_2_31_x86_64.whl', sha256: 'dd' },
    attempt: { id: 'a1', startedAt: 1_000, build },
    inputs: [
      { kind: 'sdist', name: 'demo', version: '1.0', sha256: 'aa' },
      { kind: 'build-requirement', name: 'setuptools', version: '80.0', sha256: 'ee' },
      { kind: 'system-package', name: 'libpq-dev', version: '13.1' },
    ],
    publishedAt: 61_000,
  });
  expect(statement.subject).toEqual([
    { name: 'demo-1.0-cp313-cp313-manylinux_2_31_x86_64.whl', digest: { sha256: 'dd' } },
  ]);
  expect(statement.predicate).toMatchObject({
    buildDefinition: {
      externalParameters: {
        requirement: 'demo>=1',
        policy: 'manylinux_2_31',
        python: 'cp313',
        recipe: { sha256: 'bb' },
        cpu: 'x86-64-v3',
      },
      internalParameters: { buildKey: 'key1' },
      resolvedDependencies: [
        { name: 'demo-1.0.tar.gz', uri: 'https://upstream.example/demo-1.0.tar.gz', digest: { sha256: 'aa' } },
        { name: 'images/debian-11', digest: { sha256: 'cc' } },
        { name: 'setuptools', digest: { sha256: 'ee' }, annotations: { kind: 'build-requirement', version: '80.0' } },
        { name: 'libpq-dev', annotations: { kind: 'system-package', version: '13.1' } },
      ],
    },
    runDetails: {
      metadata: { startedOn: '1970-01-01T00:00:01.000Z', finishedOn: '1970-01-01T00:01:01.000Z' },
    },
  });
  expect(JSON.stringify(statement)).not.toContain('secret');
});

it('encodes as the example of the DSSE specification does', () => {
  const encoded = Buffer.from(preAuthenticationEncoding(Buffer.from('hello'))).toString();
  expect(encoded).toBe('DSSEv1 28 application/vnd.in-toto+json 5 hello');
});

// What a recipe's own library put into its image is foreign code: no container with a network is made from it.
import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Lease } from '../../core/attempt.js';
import type { ContainerSpec, Engine } from '../../core/engine.js';
import { parseSettings } from '../../core/settings.js';
import { makeAttempt } from '../../worker/attempt.js';
import { AttemptLog } from '../../worker/attempt-log.js';
import { instantSite } from '../support/instant-engine.mjs';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

test('fetching uses the builder without the libraries, building the one with them', async () => {
  const lease: Lease = {
    attemptId: 'a1',
    attemptNumber: 1,
    token: 'none',
    leaseMs: 30_000,
    resources: { cpus: 1, memoryBytes: 2 ** 30, diskBytes: 2 ** 30 },
    order: {
      buildId: 'b1',
      project: 'sample',
      version: '1.0',
      sdist: { filename: 'sample-1.0.tar.gz', url: 'https://index.test/sample', sha256: sha256('sample') },
      recipe: {
        sources: [
          { url: 'https://index.test/library.tar.gz', sha256: sha256('library.tar.gz'), install: 'make install' },
        ],
      },
      target: { image: 'debian-11', policy: 'manylinux_2_31', arch: 'x86_64', python: 'cp313', builderDigest: '0' },
      channel: 'stable',
      indexUrl: 'https://index.test/simple/',
    },
  };
  const site = instantSite();
  const ran: Pick<ContainerSpec, 'image' | 'network'>[] = [];
  const engine: Engine = {
    ...site.engine,
    withLibraries: async () => 'builder-with-libraries',
    run: (spec, output, signal) => {
      ran.push({ image: spec.image, network: spec.network });
      return site.engine.run(spec, output, signal);
    },
  };
  const outcome = await makeAttempt(
    lease,
    {
      ...site,
      engine,
      settings: parseSettings({}),
      api: { putArtifact: async (_lease, _filename, _bytes, sizeBytes) => ({ sha256: '', sizeBytes }) },
    },
    {
      log: new AttemptLog({ append: async () => undefined, onLine: () => undefined, limitBytes: 2 ** 20 }),
      listen: () => undefined,
    },
    () => undefined,
    new AbortController().signal,
  );
  expect(outcome).toMatchObject({ kind: 'succeeded' });
  expect(ran).toEqual([
    { image: 'builder', network: 'outside' },
    { image: 'builder-with-libraries', network: 'none' },
    { image: 'builder-with-libraries', network: 'none' },
    { image: 'clean', network: 'none' },
  ]);
});

// Which images housekeeping removes, on the real engine with images of a few bytes.
import { Readable } from 'node:stream';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { readMessages } from '../../adapters/docker/image-build.js';
import { type ImageKind, imageLabels } from '../../adapters/docker/image-names.js';
import { noteUse, removeUnused } from '../../adapters/docker/image-unused.js';

const DAY_MS = 24 * 3_600_000;
const docker = new Docker();
const instance = `test-unused-${process.pid}`;
const { signal } = new AbortController();
const CURRENT = 'c'.repeat(64);
const FORMER = 'f'.repeat(64);
const made: string[] = [];

async function make(name: string, labels: Record<string, string>): Promise<string> {
  const archive = pack();
  archive.entry({ name }, `${instance} ${name}`);
  archive.finalize();
  const changes = Object.entries(labels).map(([label, value]) => `LABEL ${label}=${value}`);
  const { status } = await readMessages(
    (await docker.importImage(Readable.from(archive, { objectMode: false }), { changes })) as Readable,
  );
  const reference = `wheelwright-test-unused:${process.pid}-${name}`;
  const [repo = '', tag = ''] = reference.split(':');
  await docker.getImage(status ?? '').tag({ repo, tag });
  made.push(reference);
  return reference;
}

const ours = (kind: ImageKind, digest: string) => imageLabels(instance, kind, digest);

beforeAll(async () => {
  await make('derived', ours('derived', 'd'.repeat(64)));
  await make('derived-used', ours('derived', 'e'.repeat(64)));
  await make('builder', ours('builder', CURRENT));
  await make('base', ours('base', CURRENT));
  await make('former-builder', ours('builder', FORMER));
  await make('former-stage', ours('stage', FORMER));
  await make('in-a-container', ours('derived', 'a'.repeat(64)));
  await make('of-another-instance', imageLabels(`${instance}-other`, 'derived', FORMER));
  await make('of-someone-else', { 'org.example': 'x' });
});

afterAll(async () => {
  for (const name of made)
    await docker
      .getImage(name)
      .remove()
      .catch(() => undefined);
});

const named = (...names: string[]) => names.map((name) => `wheelwright-test-unused:${process.pid}-${name}`).sort();

it('removes what nothing used for so long and no definition wants, and nothing of anybody else', async () => {
  const limit = { current: new Set([CURRENT]), keepDays: 1 };
  const before = Date.now();
  expect(await removeUnused(docker, instance, { ...limit, now: before, dryRun: false }, signal)).toEqual([]);

  const [usedAgain = ''] = named('derived-used');
  await noteUse(docker, usedAgain, signal);
  const container = await docker.createContainer({ Image: named('in-a-container')[0] ?? '', Cmd: ['true'] });
  const later = { ...limit, now: before + DAY_MS };
  const wanted = named('derived', 'former-builder', 'former-stage');
  expect((await removeUnused(docker, instance, { ...later, dryRun: true }, signal)).sort()).toEqual(
    [...wanted, ...named('in-a-container')].sort(),
  );
  expect((await removeUnused(docker, instance, { ...later, dryRun: false }, signal)).sort()).toEqual(wanted);
  await container.remove();

  const left = (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
  expect(left.filter((name) => made.includes(name)).sort()).toEqual(
    named('base', 'builder', 'derived-used', 'in-a-container', 'of-another-instance', 'of-someone-else'),
  );
});

it('finds an image whose name went to a newer one by its id', async () => {
  const reference = await make('renamed', ours('stage', FORMER));
  const { Id } = await docker.getImage(reference).inspect();
  await make('renamed', { 'org.example': 'newer' });
  const all = { current: new Set<string>(), keepDays: 0, now: Date.now() + DAY_MS, dryRun: false };
  expect(await removeUnused(docker, instance, all, signal)).toContain(Id);
});

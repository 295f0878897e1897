import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadImages } from '../../adapters/disk/image-definitions.js';
import { WheelwrightError } from '../../core/errors.js';
import { targetsOf } from '../../core/image.js';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheelwright-images-'));
  await cp('images', folder, { recursive: true });
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const digests = async () =>
  Object.fromEntries(
    (await loadImages(folder))
      .flatMap(targetsOf)
      .map((target) => [`${target.image} ${target.python}`, target.builderDigest]),
  );

async function edit(path: string, from: string | RegExp, to: string): Promise<void> {
  const text = await readFile(join(folder, path), 'utf8');
  expect(text).toMatch(from);
  await writeFile(join(folder, path), text.replace(from, to));
}

describe('loadImages', () => {
  it('reads the images that ship', async () => {
    const images = await loadImages(folder);
    expect(images.map(({ definition }) => [definition.name, definition.policy])).toEqual([
      ['debian-11', 'manylinux_2_31'],
      ['debian-12', 'manylinux_2_36'],
    ]);
    expect(images.flatMap(targetsOf).map(({ python }) => python)).toEqual([
      'cp311',
      'cp313',
      'cp314',
      'cp311',
      'cp313',
      'cp314',
    ]);
  });

  it('counts every file of the family to the identity', async () => {
    const before = await digests();
    expect(await digests()).toEqual(before);
    await edit('families/debian/tools.lock', 'auditwheel', '# a comment\nauditwheel');
    const after = await digests();
    for (const [target, digest] of Object.entries(after)) expect(digest, target).not.toBe(before[target]);
  });

  it('changes only the image that was edited', async () => {
    const before = await digests();
    await edit('debian-12/image.yaml', 'unzip, file', 'unzip');
    const after = await digests();
    expect(after['debian-11 cp313']).toBe(before['debian-11 cp313']);
    expect(after['debian-12 cp313']).not.toBe(before['debian-12 cp313']);
  });

  it('reports all faults of all files with line and column', async () => {
    await edit('debian-11/image.yaml', 'family: debian', 'family: fedora\ncolour: red');
    await edit('debian-12/image.yaml', 'name: debian-12', 'name: debian-13');
    const error = await loadImages(folder).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WheelwrightError);
    const faults = (error as WheelwrightError).faults.map(({ path, line, column }) => [
      path?.slice(folder.length + 1),
      line,
      column,
    ]);
    expect(faults).toEqual([
      ['debian-11/image.yaml', 2, 9],
      ['debian-11/image.yaml', 3, 9],
      ['debian-12/image.yaml', 1, 7],
    ]);
  });

  it('reports what is not YAML', async () => {
    await writeFile(join(folder, 'debian-11/image.yaml'), 'name: [debian\npolicy: }');
    await expect(loadImages(folder)).rejects.toMatchObject({ code: 'invalid', faults: [{ line: 2 }, { line: 2 }] });
  });

  it('says which folder is missing', async () => {
    await expect(loadImages(join(folder, 'nowhere'))).rejects.toMatchObject({ code: 'not-found' });
  });
});

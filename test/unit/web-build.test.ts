import { expect, test } from 'vitest';
import type { Project, UpstreamProject } from '../../client/contract.js';
import { inputChanges } from '../../web/src/build/input-changes.js';
import { newLines } from '../../web/src/build/new-lines.js';
import { LogBuffer } from '../../web/src/log/log-buffer.js';
import { matrixRows } from '../../web/src/project/matrix-rows.js';

test('inputs differ by version, by content, or by being there at all', () => {
  const image = { kind: 'image', name: 'builder', version: '1' } as const;
  const changes = inputChanges(
    [
      image,
      { kind: 'tool', name: 'uv', version: '1' },
      { kind: 'sdist', name: 's', version: '1', sha256: 'a'.repeat(64) },
    ],
    [
      image,
      { kind: 'tool', name: 'uv', version: '2' },
      { kind: 'sdist', name: 's', version: '1', sha256: 'b'.repeat(64) },
      { kind: 'source', name: 'x', version: '9' },
    ],
  );
  expect(changes).toEqual([
    { kind: 'sdist', name: 's', before: 'a'.repeat(12), after: 'b'.repeat(12) },
    { kind: 'source', name: 'x', after: '9' },
    { kind: 'tool', name: 'uv', before: '1', after: '2' },
  ]);
});

test('lines that differ only in numbers, hashes and temporary names are not new', () => {
  const log = (...lines: string[]) => {
    const buffer = new LogBuffer();
    for (const line of lines) buffer.appendLine(line);
    return buffer;
  };
  const before = log('[1/9] cc a.c', 'wrote /tmp/abc/x.o in 0.2 s', 'sha256 deadbeef01');
  const after = log('[3/12] cc a.c', 'wrote /tmp/zzz/y.o in 13 s', 'sha256 cafebabe99', 'a.c:3: error: no', '');
  expect(newLines(after, before)).toEqual([4]);
});

test('a matrix has the releases of here and upstream newest first by PEP 440, and all targets', () => {
  const target = (python: string) => ({ python, policy: 'manylinux_2_31', arch: 'x86_64' });
  const built = (version: string, python: string) => ({
    version,
    files: [],
    targets: [{ ...target(python), buildId: `b${version}`, status: 'succeeded' as const, files: [] }],
  });
  const project: Project = {
    name: 'p',
    dependents: [],
    releases: [built('2.0+ours', 'cp313'), built('2.0rc1', 'cp313'), built('1.0', 'cp39')],
  };
  const offer = { kind: 'sdist' as const };
  const upstream: UpstreamProject = {
    targets: [target('cp313')],
    releases: ['3.0', '2.0', '1.0'].map((version) => ({ version, yanked: false, offers: [offer] })),
    dependents: [],
  };
  const { targets, rows } = matrixRows(project, upstream);
  expect(targets.map(({ python }) => python)).toEqual(['cp39', 'cp313']);
  expect(rows.map(({ version }) => version)).toEqual(['3.0', '2.0+ours', '2.0', '2.0rc1', '1.0']);
  expect(rows.at(-1)?.cells.map(({ built: made, offer: there }) => [made?.buildId, there?.kind])).toEqual([
    ['b1.0', undefined],
    [undefined, 'sdist'],
  ]);
  expect(matrixRows(project, undefined).rows).toHaveLength(3);
});

test('a wheel that serves a target is here for it, whoever made it for whichever other', () => {
  const file = (filename: string) => ({
    filename,
    sha256: 'a'.repeat(64),
    sizeBytes: 1,
    url: 'https://index.example/',
    grafted: [],
    needs: [],
    channel: 'stable' as const,
  });
  const release = (version: string, ...names: string[]) => ({ version, files: names.map(file), targets: [] });
  const project: Project = {
    name: 'p',
    dependents: [],
    releases: [
      release('3', 'p-3.tar.gz'),
      release('2', 'p-2.tar.gz', 'p-2-py3-none-any.whl'),
      release('1', 'p-1-cp313-abi3-manylinux_2_31_x86_64.whl'),
    ],
  };
  const targets = ['cp311', 'cp314'].map((python) => ({ python, policy: 'manylinux_2_31', arch: 'x86_64' }));
  const { rows } = matrixRows(project, { targets, releases: [], dependents: [] });
  expect(rows.map(({ version, cells }) => [version, ...cells.map(({ wheel }) => wheel)])).toEqual([
    ['3', undefined, undefined],
    ['2', 'p-2-py3-none-any.whl', 'p-2-py3-none-any.whl'],
    ['1', undefined, 'p-1-cp313-abi3-manylinux_2_31_x86_64.whl'],
  ]);
});

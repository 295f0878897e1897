import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FileProvenance, WheelContents } from '../../client/contract.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';

const WHEEL = 'spam-1.0-cp313-cp313-manylinux_2_31_x86_64.whl';
const PATH = `/api/v1/projects/spam/files/${WHEEL}`;
const SBOMS = 'spam-1.0.dist-info/sboms';

/** A component that stands for the wheel itself, and one package that brought two libraries. */
const CYCLONE_DX = JSON.stringify({
  bomFormat: 'CycloneDX',
  metadata: { component: { name: 'spam', version: '1.0', purl: 'pkg:pypi/spam@1.0' } },
  components: [
    { name: 'spam', version: '1.0', purl: 'pkg:pypi/spam@1.0' },
    { name: 'libham1', version: '2-1', purl: 'pkg:deb/debian/libham1@2-1' },
    { name: 'libham1', version: '2-1', purl: 'pkg:deb/debian/libham1@2-1' },
  ],
});
const SPDX = JSON.stringify({
  spdxVersion: 'SPDX-2.3',
  packages: [
    {
      name: 'eggs',
      versionInfo: '3',
      externalRefs: [{ referenceType: 'purl', referenceLocator: 'pkg:cargo/eggs@3' }],
    },
  ],
});

let service: TestApi;
beforeAll(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
  await service.ask('spam');
  const lease = await service.claim();
  const inputs = [{ kind: 'build-requirement', name: 'setuptools', version: '80.9', sha256: 'b'.repeat(64) }];
  await service.call('POST', `/api/v1/attempts/${lease.attemptId}/inputs`, { json: { inputs }, lease });
  const sboms = { 'auditwheel.cdx.json': CYCLONE_DX, 'other.spdx.json': SPDX, 'odd.xml': '<bom/>' };
  const more = Object.fromEntries(Object.entries(sboms).map(([name, text]) => [`${SBOMS}/${name}`, text]));
  await service.deliver(lease, makeWheel(WHEEL, undefined, [], more));
});
afterAll(() => service.close());

test('a wheel tells its files, and the components that its SBOMs name', async () => {
  const { body } = await service.call<WheelContents>('GET', PATH);
  expect(body.files.map(({ path }) => path)).toEqual([
    'spam-1.0.dist-info/METADATA',
    'spam-1.0.dist-info/RECORD',
    'spam-1.0.dist-info/WHEEL',
    `${SBOMS}/auditwheel.cdx.json`,
    `${SBOMS}/odd.xml`,
    `${SBOMS}/other.spdx.json`,
    'spam.py',
  ]);
  expect(body.files.at(-1)?.sizeBytes).toBe('value = 1\n'.length);
  expect(body.fileCount).toBe(7);
  const byPath = Object.fromEntries(body.sboms.map(({ path, ...sbom }) => [path.slice(SBOMS.length + 1), sbom]));
  expect(byPath).toEqual({
    'auditwheel.cdx.json': {
      format: 'CycloneDX',
      components: [{ name: 'libham1', version: '2-1', purl: 'pkg:deb/debian/libham1@2-1' }],
    },
    'other.spdx.json': {
      format: 'SPDX',
      components: [{ name: 'eggs', version: '3', purl: 'pkg:cargo/eggs@3' }],
    },
    'odd.xml': { format: 'unknown', components: [] },
  });
});

test('an SBOM is handed out as it is, to be saved and not shown; no other file is', async () => {
  const sbom = await service.call('GET', `${PATH}/sbom?path=${SBOMS}/auditwheel.cdx.json`);
  expect(sbom.body).toBe(CYCLONE_DX);
  expect(sbom.headers.get('content-disposition')).toMatch(/^attachment; filename="?auditwheel\.cdx\.json"?$/);
  for (const path of ['spam.py', '../admin-token', `${SBOMS}/none`]) {
    expect((await service.call('GET', `${PATH}/sbom?path=${path}`)).status).toBe(404);
  }
});

test('provenance is told once its signature holds, and refused when it was changed', async () => {
  const { body } = await service.call<FileProvenance>('GET', `${PATH}/provenance`);
  expect(body.materials.map(({ kind, name, version }) => [kind, name, version])).toEqual([
    ['sdist', 'spam-1.0.tar.gz', '1.0'],
    ['builder', expect.stringMatching(/^images\//), undefined],
    ['build-requirement', 'setuptools', '80.9'],
  ]);
  expect(body.certificateSha256).toMatch(/^[0-9a-f]{64}$/);

  const file = (await service.api.context.store.filesOfProject('spam'))[0];
  const stored = service.api.context.blobs.path(file?.provenanceSha256 ?? '');
  const text = await readFile(stored, 'utf8');
  const { attestation_bundles } = JSON.parse(text);
  const { envelope } = attestation_bundles[0].attestations[0];
  const forged = Buffer.from(
    Buffer.from(envelope.statement, 'base64').toString('utf8').replace('setuptools', 'setupt00ls'),
  ).toString('base64');
  await writeFile(stored, text.replace(envelope.statement, forged));
  const refused = await service.call('GET', `${PATH}/provenance`);
  expect(refused.status).toBe(400);
  expect(refused.body.detail).toContain('signature does not fit');
});

test('what is not here is said to be not here', async () => {
  const answer = await service.call('GET', '/api/v1/projects/spam/files/other.whl');
  expect(answer.status).toBe(404);
  expect(answer.body.detail).toBe('there is no file "other.whl" of spam here');
});

test('a wheel full of SBOMs costs no more than an honest one', async () => {
  const padded = `${CYCLONE_DX}${' '.repeat(9 << 20)}`;
  const many = Object.fromEntries(Array.from({ length: 150 }, (_, n) => [`${SBOMS}/z${n}.json`, '{}']));
  const more = { [`${SBOMS}/a.json`]: padded, [`${SBOMS}/b.json`]: padded, [`${SBOMS}/c.json`]: CYCLONE_DX, ...many };
  await service.ask('spam', { python: ['cp311'] });
  const wheel = makeWheel(WHEEL.replaceAll('cp313', 'cp311'), undefined, [], more);
  await service.deliver(await service.claim(), wheel);
  const { body } = await service.call<WheelContents>('GET', `/api/v1/projects/spam/files/${wheel.filename}`);
  const formats = Object.fromEntries(body.sboms.map(({ path, format }) => [path.slice(SBOMS.length + 1), format]));
  expect(body.sboms).toHaveLength(100);
  expect(formats).toMatchObject({ 'a.json': 'CycloneDX', 'b.json': 'unknown', 'c.json': 'CycloneDX' });
});

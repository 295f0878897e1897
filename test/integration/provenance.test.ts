import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSigningKey } from '../../adapters/signing/key.js';
import { signProvenance, verifyProvenance } from '../../adapters/signing/provenance.js';
import {
  type Provenance,
  preAuthenticationEncoding,
  SLSA_PROVENANCE,
  STATEMENT_TYPE,
  type Statement,
} from '../../core/provenance.js';

const now = Date.UTC(2026, 0, 2);
const file = { filename: 'demo-1.0-py3-none-any.whl', sha256: 'ab'.repeat(32) };
const statement: Statement = {
  _type: STATEMENT_TYPE,
  subject: [{ name: file.filename, digest: { sha256: file.sha256 } }],
  predicateType: SLSA_PROVENANCE,
  predicate: { buildDefinition: {} },
};

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'provenance-'));
});
afterEach(() => rm(folder, { recursive: true }));

it('makes a key once, which only its owner can read', async () => {
  const first = await openSigningKey(folder, now);
  const again = await openSigningKey(folder, now + 1);
  expect(again.certificate.raw).toEqual(first.certificate.raw);
  expect((await stat(join(folder, 'provenance-key.pem'))).mode & 0o777).toBe(0o600);
  expect(first.certificate.validFrom).toBe('Jan  2 00:00:00 2026 GMT');
  expect(first.certificate.verify(first.certificate.publicKey)).toBe(true);
});

it('makes the certificate anew where a start was killed before it', async () => {
  const first = await openSigningKey(folder, now);
  await rm(join(folder, 'provenance-certificate.pem'));
  const again = await openSigningKey(folder, now);
  expect(again.certificate.checkPrivateKey(first.privateKey)).toBe(true);
});

it('refuses a certificate of another key', async () => {
  await openSigningKey(folder, now);
  await rm(join(folder, 'provenance-key.pem'));
  await expect(openSigningKey(folder, now)).rejects.toThrow(/certificate is of another key/);
});

it('signs what it verifies', async () => {
  const key = await openSigningKey(folder, now);
  const provenance = signProvenance(statement, key);
  expect(verifyProvenance(provenance, file, key.certificate)).toEqual([statement]);
});

it('is understood by openssl', async () => {
  const key = await openSigningKey(folder, now);
  const { attestation_bundles: bundles } = JSON.parse(signProvenance(statement, key).toString()) as Provenance;
  const attestation = bundles[0]?.attestations[0];
  const at = (name: string) => join(folder, name);
  await writeFile(
    at('payload'),
    preAuthenticationEncoding(Buffer.from(attestation?.envelope.statement ?? '', 'base64')),
  );
  await writeFile(at('signature'), Buffer.from(attestation?.envelope.signature ?? '', 'base64'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' });
  await writeFile(at('public.pem'), openssl('x509', '-in', 'provenance-certificate.pem', '-pubkey', '-noout'));
  expect(openssl('dgst', '-sha256', '-verify', 'public.pem', '-signature', 'signature', 'payload')).toContain(
    'Verified OK',
  );
});

it('distrusts what was changed', async () => {
  const key = await openSigningKey(folder, now);
  const other = await openSigningKey(join(folder, 'other'), now);
  const provenance = Buffer.from(signProvenance(statement, key));
  const check =
    (bytes: Uint8Array, of = file, trusted = key.certificate) =>
    () =>
      verifyProvenance(bytes, of, trusted);

  expect(check(provenance, { ...file, sha256: 'cd'.repeat(32) })).toThrow(/speaks of demo-1.0/);
  expect(check(provenance, { ...file, filename: 'x-1.0-py3-none-any.whl' })).toThrow(/speaks of demo-1.0/);
  expect(check(provenance, file, other.certificate)).toThrow(/another certificate/);
  expect(check(Buffer.from('{}'))).toThrow(/another form/);
  expect(check(Buffer.from('no JSON'))).toThrow(/another form/);

  const forged = JSON.parse(provenance.toString()) as Provenance;
  const attestation = forged.attestation_bundles[0]?.attestations[0];
  if (attestation === undefined) throw new Error('there is no attestation');
  attestation.envelope.statement = Buffer.from(JSON.stringify({ ...statement, predicate: { forged: true } })).toString(
    'base64',
  );
  expect(check(Buffer.from(JSON.stringify(forged)))).toThrow(/signature does not fit/);
});

import {
  createPrivateKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  webcrypto,
  X509Certificate,
} from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Integer, Utf8String } from 'asn1js';
import { AttributeTypeAndValue, Certificate, CryptoEngine } from 'pkijs';
import { WheelwrightError } from '../../core/errors.js';

/** The key that vouches for what this service built, and the certificate by which others know it. */
export interface SigningKey {
  privateKey: KeyObject;
  certificate: X509Certificate;
}

const CURVE = 'P-256';
const COMMON_NAME = '2.5.4.3';
/** There is no authority to renew with: whoever verifies pins the certificate itself. */
const VALID_MS = 20 * 365 * 86_400_000;

/**
 * Opens the key in `<folder>/provenance-key.pem` (PKCS #8, mode 0600) with its certificate `provenance-certificate.pem`, making both where they are missing. The
 * certificate, or the public key in it, is what to hand to those who verify; the key must be kept with the backups and never leaves the API.
 * @param now milliseconds since the epoch.
 * @throws WheelwrightError `internal` when the files do not belong together or cannot be read.
 */
export async function openSigningKey(folder: string, now: number): Promise<SigningKey> {
  const keyPath = join(folder, 'provenance-key.pem');
  const certificatePath = join(folder, 'provenance-certificate.pem');
  await mkdir(folder, { recursive: true });
  const keyPem = await readOrMake(keyPath, 0o600, async () =>
    generateKeyPairSync('ec', { namedCurve: CURVE }).privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  );
  try {
    const privateKey = createPrivateKey(keyPem);
    const certificatePem = await readOrMake(certificatePath, 0o644, () => selfSigned(privateKey, now));
    const certificate = new X509Certificate(certificatePem);
    if (!certificate.checkPrivateKey(privateKey)) throw new Error('the certificate is of another key');
    return { privateKey, certificate };
  } catch (cause) {
    throw new WheelwrightError('internal', `the signing key in ${folder} cannot be used: ${(cause as Error).message}`, {
      hint: `Restore ${keyPath} and ${certificatePath} from one backup. Without one, remove both: new ones are made, and earlier provenance verifies with the old certificate only.`,
      cause,
    });
  }
}

async function readOrMake(path: string, mode: number, make: () => Promise<string>): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const text = await make();
  // Written beside and renamed: a process killed here leaves no half key.
  await writeFile(`${path}.new`, text, { mode, flush: true });
  await rename(`${path}.new`, path);
  return text;
}

async function selfSigned(key: KeyObject, now: number): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: CURVE };
  const engine = new CryptoEngine({ name: 'node', crypto: webcrypto });
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const privateKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']);
  const { d: _secret, key_ops: _uses, ...publicJwk } = await webcrypto.subtle.exportKey('jwk', privateKey);
  const publicKey = await webcrypto.subtle.importKey('jwk', publicJwk, algorithm, true, ['verify']);

  const certificate = new Certificate();
  certificate.version = 2;
  // Positive and never zero, whatever the random bytes are.
  certificate.serialNumber = new Integer({ valueHex: Buffer.concat([Buffer.of(1), randomBytes(15)]) });
  for (const name of [certificate.issuer, certificate.subject]) {
    const value = new Utf8String({ value: 'Wheelwright provenance' });
    name.typesAndValues.push(new AttributeTypeAndValue({ type: COMMON_NAME, value }));
  }
  certificate.notBefore.value = new Date(now);
  certificate.notAfter.value = new Date(now + VALID_MS);
  await certificate.subjectPublicKeyInfo.importKey(publicKey, engine);
  await certificate.sign(privateKey, 'SHA-256', engine);
  return new X509Certificate(Buffer.from(certificate.toSchema(true).toBER(false))).toString();
}

import { readFile } from 'node:fs/promises';
import { WheelwrightError } from '../../core/errors.js';

/** Where Debian's and Red Hat's families keep the certificates that a machine trusts. */
const SYSTEM_BUNDLES = ['/etc/ssl/certs/ca-certificates.crt', '/etc/pki/tls/certs/ca-bundle.crt'];

/**
 * The certificates (PEM) that the site trusts: the file of the setting, else the system's, since an organisation that intercepts TLS installs its own there.
 * @throws WheelwrightError `invalid` when the file that was named cannot be read; a missing system bundle is undefined
 */
export async function readCaBundle(setting: string | undefined): Promise<string | undefined> {
  if (setting !== undefined) {
    return readFile(setting, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      throw new WheelwrightError('invalid', `the CA bundle ${setting} cannot be read (${cause.code})`, {
        hint: 'WHEELWRIGHT_CA_BUNDLE names a file with certificates in PEM form; without it the bundle of the system is used.',
        cause,
      });
    });
  }
  for (const path of SYSTEM_BUNDLES) {
    const text = await readFile(path, 'utf8').catch(() => undefined);
    if (text !== undefined) return text;
  }
  return undefined;
}

import { join } from 'node:path';

/** Path of a blob below a folder: two levels of two digits, then the whole sha256. */
export function blobPath(folder: string, sha256: string): string {
  return join(folder, 'sha256', sha256.slice(0, 2), sha256.slice(2, 4), sha256);
}

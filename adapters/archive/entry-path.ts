import { WheelwrightError } from '../../core/errors.js';

const MAX_SEGMENT_BYTES = 255;
const MAX_PATH_BYTES = 3000;

/**
 * Checks the path of something in an archive: relative, inside the archive, free of control characters and of what one system reads otherwise than another.
 * @param path without a trailing slash.
 * @throws WheelwrightError `invalid`.
 */
export function checkEntryPath(path: string): void {
  const fault = faultOf(path);
  if (fault !== undefined) {
    throw new WheelwrightError(
      'invalid',
      `the archive holds the path ${JSON.stringify(path.slice(0, 200))}, ${fault}`,
      {
        hint: 'No build backend writes such a path, so the archive is broken or made to do harm. It is refused as a whole.',
      },
    );
  }
}

function faultOf(path: string): string | undefined {
  if (path === '') return 'which is empty';
  if (/[\x00-\x1f\x7f-\x9f]/.test(path)) return 'which has control characters';
  if (path.startsWith('/') || /^[a-z]:/i.test(path)) return 'which is absolute';
  if (path.includes('\\')) return 'which has a backslash';
  if (Buffer.byteLength(path) > MAX_PATH_BYTES) return `which is longer than ${MAX_PATH_BYTES} bytes`;
  for (const segment of path.split('/')) {
    if (segment === '..') return 'which leads out of the archive';
    if (segment === '' || segment === '.') return 'which has an empty part';
    if (Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)
      return `which has a part longer than ${MAX_SEGMENT_BYTES} bytes`;
  }
  return undefined;
}

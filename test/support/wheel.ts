import { createHash } from 'node:crypto';
import { parseWheelFilename } from '../../core/wheel-name.js';
import { makeWheel as makeAnyWheel } from './wheel-maker.js';

export interface TestWheel {
  filename: string;
  bytes: Buffer;
  sha256: string;
}

/** A sound wheel of that file name, with one module; `content` makes wheels of one name differ. */
export function makeWheel(
  filename: string,
  content = 'value = 1\n',
  metadata: readonly string[] = [],
  more: Readonly<Record<string, string>> = {},
): TestWheel {
  const { distribution, versionText } = parseWheelFilename(filename);
  const { bytes } = makeAnyWheel({
    filename,
    files: { [`${distribution}.py`]: content, ...more },
    metadata: ['Metadata-Version: 2.1', `Name: ${distribution}`, `Version: ${versionText}`, ...metadata, ''].join('\n'),
  });
  return { filename, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { checkWheel, type WheelCheckOptions } from '../../adapters/archive/wheel.js';
import type { ZipPart } from './zip-maker.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wheel-test-'));
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
/** Checks the bytes of a wheel as an upload would; for the test file that imports it. */
export async function check(wheel: { filename: string; bytes: Buffer }, options: Partial<WheelCheckOptions> = {}) {
  const path = join(folder, `${count++}.tmp`);
  await writeFile(path, wheel.bytes);
  return checkWheel(path, { filename: wheel.filename, requireNormalizedName: true, ...options });
}

/** Changes the first part, which is a module. */
export const first = (change: Partial<ZipPart>) => (parts: ZipPart[]) => [
  { ...(parts[0] as ZipPart), ...change },
  ...parts.slice(1),
];
export const addPart = (part: ZipPart) => (parts: ZipPart[]) => [...parts, part];

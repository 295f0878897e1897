import { resolve } from 'node:path';
import { build } from 'vite';

/** Builds the UI as it ships, once before the tests of this folder. */
export default async function setup(): Promise<void> {
  await build({ configFile: resolve('web/vite.config.ts'), logLevel: 'error' });
}

import { createHash } from 'node:crypto';
import { afterEach, beforeEach } from 'vitest';
import { ask } from './http-ask.js';
import { type IndexSite, openIndexSite } from './index-site.js';
import { type LyingUpstream, startLyingUpstream } from './lying-upstream.js';
import type { TestWheel } from './wheel.js';

export interface IndexWithUpstream {
  site: IndexSite;
  upstream: LyingUpstream;
  /** Starts an index on the site with the upstream. */
  start: IndexSite['start'];
}

/** A new site and upstream before each test, both closed after it. */
export function useIndexWithUpstream(): IndexWithUpstream {
  const on = {} as IndexWithUpstream;
  beforeEach(async () => {
    on.site = openIndexSite();
    on.upstream = await startLyingUpstream();
    on.start = (settings = {}) => on.site.start({ upstreamUrl: on.upstream.url, ...settings });
  });
  afterEach(async () => {
    await on.site.close();
    await on.upstream.close();
  });
  return on;
}

export const json = { accept: 'application/vnd.pypi.simple.v1+json' };

export async function pageOf(url: string, project: string) {
  return JSON.parse((await ask(url, `/simple/${project}/`, json)).text);
}

/** File names on a project's page. */
export async function namesOf(url: string, project: string): Promise<string[]> {
  return (await pageOf(url, project)).files.map(({ filename }: { filename: string }) => filename);
}

/** Path of a file of the project demo. */
export function pathOf({ filename, sha256 }: TestWheel): string {
  return `/files/demo/${sha256}/${filename}`;
}

/** Why a file of the project demo is offered or not. */
export async function explained(url: string, file: string) {
  return JSON.parse((await ask(url, `/explain/demo/${file}`)).text).files[0];
}

export function pause(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Text that stays large when it is compressed. */
export function noise(seed: string, length: number): string {
  return createHash('shake256', { outputLength: length })
    .update(seed)
    .digest()
    .toString('latin1')
    .replaceAll(/[^ -~]/g, '#');
}

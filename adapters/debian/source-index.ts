import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { SourceIndex, SourcePackage } from '../../core/source-package.js';
import { type FetchIndex, keptIndex, linesWith } from './kept-index.js';

/** A suite that is not released yet moves on every day. */
const MAX_AGE_MS = 24 * 3_600_000;
const MAX_RULES_BYTES = 1 << 20;

/**
 * The lists of source packages of the suites after an image's own.
 * @param fetch leaves `sources.gz` (see sources-script.ts)
 * @param fetchRules leaves `rules.gz` of a source package
 */
export function openSourceIndex(
  folder: string,
  fetch: FetchIndex,
  fetchRules: (source: SourcePackage) => FetchIndex,
): SourceIndex {
  const ready = keptIndex(folder, 'sources.gz', fetch, MAX_AGE_MS);

  async function sourcesOf(binary: string, signal: AbortSignal): Promise<SourcePackage[]> {
    await ready(signal);
    const found: SourcePackage[] = [];
    for await (const line of linesWith(binary, join(folder, 'sources.gz'), signal)) {
      const [
        suite = '',
        state = '',
        name = '',
        version = '',
        filename = '',
        sha256 = '',
        bytes,
        made = '',
        needs = '',
      ] = line.split('\t');
      const upstream = /^(?:\d+:)?(\d+(?:\.\d+)*)/.exec(version)?.[1];
      if (upstream === undefined || !made.split(/,\s*/).includes(binary)) continue;
      const buildDepends = parseBuildDepends(needs);
      found.push({
        suite,
        stable: state === 'stable',
        name,
        version: upstream,
        filename,
        sha256,
        sizeBytes: Number(bytes),
        buildDepends,
      });
    }
    return found;
  }

  async function rulesOf(source: SourcePackage, signal: AbortSignal): Promise<string> {
    const own = await mkdtemp(join(tmpdir(), 'wheelwright-rules-'));
    try {
      await fetchRules(source)(own, signal);
      return gunzipSync(await readFile(join(own, 'rules.gz')), { maxOutputLength: MAX_RULES_BYTES }).toString();
    } finally {
      await rm(own, { recursive: true, force: true });
    }
  }

  return { sourcesOf, rulesOf };
}

/** Debian policy 7.1, without versions: `libfoo-dev (>= 2) [linux-any] | libbar-dev <!nocheck>, ...`. What only tests and documents need is left out. */
function parseBuildDepends(field: string): string[][] {
  return field.split(',').flatMap((text) => {
    const names = text.split('|').flatMap((each) => {
      const [, name = '', rest = ''] = /^\s*([a-z0-9][a-z0-9.+-]*)(?::\w+)?(.*)$/.exec(each) ?? [];
      const [, architectures = 'any'] = /\[([^\]]*)\]/.exec(rest) ?? [];
      const here = architectures.startsWith('!')
        ? !/!(?:amd64|linux-any|any-amd64)/.test(architectures)
        : /\b(?:amd64|any)\b/.test(architectures);
      return name === '' || !here || /<!no(?:check|doc)/.test(rest) ? [] : [name];
    });
    return names.length === 0 ? [] : [names];
  });
}

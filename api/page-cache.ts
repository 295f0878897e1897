import type { ProjectPage } from '../core/simple-index.js';
import type { Upstream } from '../core/upstream.js';

interface Entry {
  expiresAt: number;
  page: Promise<ProjectPage | undefined>;
}

const MAX_PAGES = 200;

/**
 * Remembers project pages for a short time, so that many requests for one project ask the upstream once. Failures are not remembered.
 * A project that is missing is asked for again each time: it may just have been published.
 */
export function cachedPages(upstream: Pick<Upstream, 'project'>, maxAgeMs: number, clock: () => number) {
  const entries = new Map<string, Entry>();
  return async (name: string, signal: AbortSignal): Promise<ProjectPage | undefined> => {
    const present = entries.get(name);
    if (present !== undefined && present.expiresAt > clock()) return present.page;
    const page = upstream.project(name, signal).then((answer) => answer?.page);
    entries.delete(name);
    entries.set(name, { page, expiresAt: clock() + maxAgeMs });
    for (const oldest of entries.keys()) {
      if (entries.size <= MAX_PAGES) break;
      entries.delete(oldest);
    }
    try {
      const answer = await page;
      if (answer === undefined) entries.delete(name);
      return answer;
    } catch (error) {
      entries.delete(name);
      throw error;
    }
  };
}

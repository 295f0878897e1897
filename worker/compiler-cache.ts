import type { BuildOrder } from '../core/attempt.js';
import { digestOf } from '../core/digest.js';
import type { BuilderImages } from '../core/engine.js';
import type { Settings } from '../core/settings.js';

export interface CompilerCache {
  /** As the engine is asked for it. */
  name: string;
  maxBytes: number;
}

/** No project may push out all others' caches. */
const SHARE = 1 / 4;

/** The cache of an order's compilers; undefined where there is none. */
export function compilerCache(order: BuildOrder, images: BuilderImages, settings: Settings): CompilerCache | undefined {
  const maxBytes = Math.floor(settings.WHEELWRIGHT_COMPILER_CACHE_BYTES * SHARE);
  return images.compilerCache && maxBytes > 0 ? { name: cacheName(order), maxBytes } : undefined;
}

/**
 * Foreign code can write into a cache whatever it likes, so one is shared only by builds that run the same people's code: one project, one channel, and
 * among recipes that nobody has approved those that bring the same code of their own. What is approved must not be made of what another recipe left there.
 */
export function cacheName({ project, channel, recipe }: Pick<BuildOrder, 'project' | 'channel' | 'recipe'>): string {
  const { prepare, patches, sources, environment, requires, 'config-settings': configSettings } = recipe;
  const { additions, replace } = requires ?? {};
  const code = { prepare, patches, sources, environment, additions, replace, configSettings };
  const digest = digestOf({ project, channel, ...(channel === 'trial' ? { code } : {}) });
  return `${channel}-${project.slice(0, 60)}-${digest.slice(0, 12)}`;
}

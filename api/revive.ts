import type { BuildRecord } from '../core/store.js';
import type { ApiContext } from './context.js';

/**
 * Queues a build again that somebody cancelled, or that failed without anyone learning why: asked for anew, it is wanted, and may well work now.
 * @param failed whether one that failed for a known reason is made again as well
 */
export async function reviveBuild(
  { store, queue, clock }: Pick<ApiContext, 'store' | 'queue' | 'clock'>,
  build: BuildRecord,
  failed = false,
): Promise<void> {
  const failure = build.attempts.at(-1)?.failure;
  const undiagnosed = build.status === 'failed' && (failure === undefined || failure.class === 'infrastructure');
  if (build.status !== 'cancelled' && !undiagnosed && !(failed && build.status === 'failed')) return;
  const { id } = await store.retry(build.id, clock());
  await queue.add({ buildId: id, notBefore: 0 });
}

/**
 * Does several things at once. The first error breaks off the others and is thrown once all have ended: what one of them still makes then could not be cleared away.
 */
export async function together<T extends unknown[]>(
  signal: AbortSignal,
  start: (signal: AbortSignal) => { [Each in keyof T]: Promise<T[Each]> },
): Promise<T> {
  const broken = new AbortController();
  const all = start(AbortSignal.any([signal, broken.signal]));
  for (const each of all) each.catch((error: unknown) => broken.abort(error));
  try {
    return (await Promise.all(all)) as T;
  } catch (error) {
    await Promise.allSettled(all);
    throw error;
  }
}

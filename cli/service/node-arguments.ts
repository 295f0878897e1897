/** The service's programs. */
export type ProgramName = 'api' | 'index-server' | 'worker';

const FLAGS: Readonly<Record<ProgramName, readonly string[]>> = {
  // With hundreds of attempts under way, much outlives a young generation of the default size, and is copied again and again.
  api: ['--enable-source-maps', '--max-semi-space-size=64'],
  // A page of thousands of files is the first thing that some are asked for: a young generation that starts at its size is not collected four times meanwhile.
  // Requests, and a long log, are much that is short-lived, for which V8 would make its young generation as large as it may; a small one costs neither of them anything.
  // Collected once at the start's end (index-server/warm-up.ts), it is not collected within the first request.
  'index-server': ['--enable-source-maps', '--expose-gc', '--min-semi-space-size=4', '--max-semi-space-size=4'],
  worker: ['--enable-source-maps', '--max-semi-space-size=2'],
};

/** Arguments of node before a program's main file; docker-compose.yml repeats them. */
export function nodeArguments(name: ProgramName): readonly string[] {
  return FLAGS[name];
}

/** What node itself reads from a program's environment. */
export function nodeEnvironment(name: ProgramName): Readonly<Record<string, string>> {
  // Uploads wait for the disk in the thread pool, several times each; four threads are what eight of them would queue for.
  return name === 'api' ? { UV_THREADPOOL_SIZE: '8' } : {};
}

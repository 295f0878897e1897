import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.js';

export interface TestRedis {
  url: string;
  /** Sends the server a signal without waiting for an end. */
  signal(name: NodeJS.Signals): void;
  close(): Promise<void>;
}

/** A real Redis server of its own on a free port of 127.0.0.1 (Debian's package redis-server), keeping nothing on disk. */
export async function startRedis(
  options: readonly string[] = ['--maxmemory-policy', 'noeviction'],
): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-redis-'));
  const port = await freePort();
  const server = spawn(
    'redis-server',
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', folder, ...options],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'exit');
  for await (const chunk of server.stdout) {
    if (String(chunk).includes('Ready to accept connections')) break;
  }
  server.stdout.resume();
  return {
    url: `redis://127.0.0.1:${port}`,
    signal: (name) => server.kill(name),
    async close() {
      server.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

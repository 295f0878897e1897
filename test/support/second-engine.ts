import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { freePort } from './free-port.js';

export interface SecondEngine {
  /** As DOCKER_HOST names it. */
  host: string;
  docker: Docker;
  /** Brings images over from another engine, by the APIs of both. */
  copyImages(from: Docker, references: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

/**
 * A container engine of its own that stands for one on another machine: it is reached by TCP only, and has a private and empty /tmp, so that no file of a
 * worker's is there for it. Takes root.
 */
export async function startSecondEngine(): Promise<SecondEngine> {
  // Not below /tmp, which it does not see; its images are too large for memory.
  const folder = await mkdtemp('/var/tmp/wheelwright-engine-');
  const port = await freePort();
  const host = `tcp://127.0.0.1:${port}`;
  const flags = [
    ...['--host', host, '--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')],
    ...['--pidfile', join(folder, 'pid'), '--bridge=none', '--iptables=false', '--ip6tables=false'],
  ];
  const command = `mount -t tmpfs tmpfs ${tmpdir()} && exec dockerd ${flags.join(' ')}`;
  const engine = spawn('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', command], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
  });
  let said = '';
  engine.stderr.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-4_000);
  });
  const ended = once(engine, 'exit');
  const docker = new Docker({ host: '127.0.0.1', port, protocol: 'http' });
  while (
    !(await docker.ping().then(
      () => true,
      () => false,
    ))
  ) {
    if (engine.exitCode !== null) throw new Error(`the second engine did not start: ${said}`);
    await sleep(200);
  }
  return {
    host,
    docker,
    async copyImages(from, references) {
      for (const reference of references) {
        const loaded = await docker.loadImage(await from.getImage(reference).get());
        for await (const _ of loaded) {
          // Its progress; the end is what counts.
        }
      }
    },
    async close() {
      const pid = Number(await readFile(join(folder, 'pid'), 'utf8'));
      process.kill(pid, 'SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

// The service's programs as processes of their own, each on a port that it keeps, so that it can be killed and started again.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const READY_MS = 60_000;
const run = promisify(execFile);

export const docker = async (environment, ...args) =>
  (await run('/usr/bin/docker', args, { env: { ...process.env, ...environment }, maxBuffer: 2 ** 26 })).stdout;

export async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}

/**
 * A program that is started with the same command again and again; what it says is in `<folder>/<name>.log`.
 * @param stubborn one that gives up while it starts is started once more, as systemd would: on a busy machine an engine waits too short for its containerd
 */
export function openProgram({ name, command, environment, folder, ready, stubborn = false }) {
  let child;
  let ends = 0;
  const program = {
    name,
    /** How often it was ended so far. */
    get ends() {
      return ends;
    },
    get pid() {
      return child?.pid;
    },
    async start(deadline = Date.now() + READY_MS) {
      const log = openSync(join(folder, `${name}.log`), 'a');
      child = spawn(command[0], command.slice(1), {
        env: { ...process.env, ...environment },
        stdio: ['ignore', log, log],
      });
      closeSync(log);
      while (!(await ready())) {
        if (child.exitCode !== null && stubborn && Date.now() < deadline) return program.start(deadline);
        if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}; see ${folder}/${name}.log`);
        if (Date.now() > deadline) throw new Error(`${name} is not ready after ${READY_MS} ms`);
        await sleep(20);
      }
    },
    signal: (signal) => child?.kill(signal),
    /** Resolves when it is gone. */
    async end(signal) {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      ends += 1;
      child.kill(signal);
      // A stopped process dies of SIGKILL only.
      child.kill('SIGCONT');
      await gone;
    },
  };
  return program;
}

export function answersHttp(url) {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(1_000) });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  };
}

export function acceptsTcp(port) {
  return () =>
    new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1');
      const answer = (accepted) => {
        socket.destroy();
        resolve(accepted);
      };
      socket.once('connect', () => answer(true)).once('error', () => answer(false));
    });
}

/** An engine of its own, started with images of the machine's engine; the machine's is left alone. */
export function openOwnEngine(folder) {
  const socket = join(folder, 'docker.sock');
  const environment = { DOCKER_HOST: `unix://${socket}` };
  // With no bridge at all it would remove docker0, which is the bridge of the machine's engine.
  const bridge = `chaos-${process.pid}`;
  const engine = openProgram({
    name: 'dockerd',
    folder,
    stubborn: true,
    environment: {},
    command: [
      '/usr/sbin/dockerd',
      ...['--host', `unix://${socket}`, '--data-root', join(folder, 'engine'), '--exec-root', join(folder, 'exec')],
      ...['--pidfile', join(folder, 'dockerd.pid'), '--bridge', bridge, '--iptables=false'],
    ],
    ready: () =>
      docker(environment, 'version').then(
        () => true,
        () => false,
      ),
  });
  return {
    engine,
    environment,
    async start(images) {
      await run('ip', ['link', 'add', 'name', bridge, 'type', 'bridge']);
      await engine.start();
      await run('bash', ['-c', `docker save ${images.join(' ')} | DOCKER_HOST=unix://${socket} docker load`]);
    },
    async close() {
      await engine.end('SIGTERM');
      await run('ip', ['link', 'delete', bridge]);
      // What the kills left behind: containers' keepers, which outlive their engine, and mounts. Their command lines name the folder.
      await run('pkill', ['-KILL', '-f', `containerd-shim.* ${folder}/`]).catch(() => undefined);
      const mounts = (await readFile('/proc/self/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
      for (const mount of mounts.filter((path) => path.startsWith(`${folder}/`)).reverse())
        await run('umount', ['--lazy', mount]);
    },
  };
}

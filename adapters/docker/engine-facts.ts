import { statfs } from 'node:fs/promises';
import type Docker from 'dockerode';
import type { EngineFacts } from '../../core/engine.js';
import { askEngine } from './engine-call.js';

/** What the engine says of itself. @throws WheelwrightError `unavailable` */
export async function engineFacts(docker: Docker, signal: AbortSignal): Promise<EngineFacts> {
  const info = (await askEngine('asking what it has', signal, () => docker.info())) as {
    NCPU: number;
    MemTotal: number;
    Architecture: string;
    ServerVersion: string;
    Labels: string[] | null;
    DockerRootDir: string;
  };
  // Behind a socket the engine is on this machine, though its folder may be out of reach: in a container, or for another user.
  const { socketPath } = docker.modem as { socketPath?: string };
  const diskBytes = socketPath === undefined ? undefined : await freeBytes(info.DockerRootDir);
  return {
    version: info.ServerVersion,
    architecture: info.Architecture,
    labels: info.Labels ?? [],
    cpus: info.NCPU,
    memoryBytes: info.MemTotal,
    ...(diskBytes === undefined ? {} : { diskBytes }),
  };
}

async function freeBytes(folder: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

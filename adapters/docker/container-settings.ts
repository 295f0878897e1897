import type { ContainerCreateOptions, HostConfig, MountSettings } from 'dockerode';
import { CACHE, type ContainerSpec, type Volume } from '../../core/engine.js';
import type { Labels } from './labels.js';

/** Uid and gid of everything that runs in a container; nobody by that number need exist in the image. */
export const BUILD_USER = 1000;

export function volumeName(workspace: string, volume: Volume): string {
  return `${workspace}-${volume}`;
}

/** @param cache name of the volume that is the workspace's cache */
export function mountsOf(
  workspace: string,
  mounts: ContainerSpec['mounts'],
  cache: string | undefined,
): MountSettings[] {
  return Object.entries(mounts).map(([volume, access]) => ({
    Type: 'volume',
    Source: volume === CACHE && cache !== undefined ? cache : volumeName(workspace, volume as Volume),
    Target: `/${volume}`,
    ReadOnly: access === 'read-only',
  }));
}

/** A volume that was removed meanwhile comes back empty with the container: with the labels, it is known for what it is. */
export function keptMounts({ kept }: Pick<ContainerSpec, 'kept'>, labels: Labels): MountSettings[] {
  if (kept === undefined) return [];
  const { volume, at, access } = kept;
  return [
    {
      Type: 'volume',
      Source: volume,
      Target: at,
      ReadOnly: access === 'read-only',
      VolumeOptions: { NoCopy: true, Labels: labels, DriverConfig: { Name: 'local', Options: {} } },
    },
  ];
}

/** What every container of ours gets: no capability, no way to gain one, nothing of its image writable. */
export function confinement(): HostConfig {
  return {
    CapDrop: ['ALL'],
    SecurityOpt: ['no-new-privileges:true'],
    ReadonlyRootfs: true,
    Init: true,
    IpcMode: 'private',
    AutoRemove: false,
    // The output is read from the attached stream; a log file of the engine's would be a second copy without a limit.
    LogConfig: { Type: 'none', Config: {} },
  };
}

export interface Placement {
  /** The CPUs that it may use. */
  cpus: readonly number[];
  /** The network that reaches the index. */
  outside: string;
  labels: Labels;
  /** Name of the volume that is the workspace's cache, where it has one. */
  cache: string | undefined;
  /** Of the volume that keeps its environment. */
  keptLabels: Labels;
}

/** What the engine is asked for to run a spec. */
export function containerSettings(spec: ContainerSpec, placement: Placement): ContainerCreateOptions {
  const { limits } = spec;
  return {
    Image: spec.image,
    Entrypoint: [],
    Cmd: [...spec.command],
    Env: Object.entries(spec.environment).map(([name, value]) => `${name}=${value}`),
    User: `${BUILD_USER}:${BUILD_USER}`,
    WorkingDir: spec.workingDirectory ?? '/',
    Labels: placement.labels,
    AttachStdout: true,
    AttachStderr: true,
    HostConfig: {
      ...confinement(),
      NetworkMode: spec.network === 'none' ? 'none' : placement.outside,
      // Docker's default for tmpfs is noexec, which breaks configure scripts.
      Tmpfs: { '/tmp': 'rw,exec,nosuid,nodev,size=2g,mode=1777' },
      Mounts: [...mountsOf(spec.workspace, spec.mounts, placement.cache), ...keptMounts(spec, placement.keptLabels)],
      PidsLimit: limits.processes,
      Memory: limits.memoryBytes,
      MemorySwap: limits.memoryBytes,
      NanoCpus: Math.round(Math.min(limits.cpus, placement.cpus.length) * 1e9),
      CpusetCpus: placement.cpus.join(','),
      Ulimits: [
        // An engine cannot give more than it was given itself, and some are given only 20,000.
        { Name: 'nofile', Soft: 16_384, Hard: 16_384 },
        { Name: 'core', Soft: 0, Hard: 0 },
        { Name: 'fsize', Soft: limits.diskBytes, Hard: limits.diskBytes },
      ],
    },
  };
}

import type { Engine } from '../../core/engine.js';
import type { WorkerOptions } from '../../worker/worker.js';

export type Hold = (step: string, signal: AbortSignal) => Promise<void>;

export function instantSite(hold?: Hold): Pick<
  WorkerOptions,
  | 'upstream'
  | 'scripts'
  | 'caBundle'
  | 'indexToken'
  | 'packageIndex'
  | 'unpackSdist'
  | 'readSdist'
  | 'removeUnusedImages'
  | 'version'
> & {
  engine: Engine & { left(): string[] };
};

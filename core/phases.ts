// What the phases of an attempt hand to each other: each one's result is the next one's input.
import type { Failure } from './failure.js';

/** A phase that cannot go on is a value; broken infrastructure is thrown. `deferred`: these requirements must become wheels first. */
export type PhaseResult<T> =
  | { kind: 'done'; value: T }
  | { kind: 'failed'; failure: Failure }
  | { kind: 'deferred'; requirements: string[] };

/** A wheel that stands in the `inputs` volume, fetched by hash. */
export interface FetchedWheel {
  name: string;
  version: string;
  filename: string;
  sha256: string;
  sizeBytes: number;
}

/** One of the recipe's sources, in the `inputs` volume. */
export interface PlacedSource {
  /** Its path there. */
  file: string;
  sha256: string;
  /** Where it goes in the sdist; missing for a library, which is built from it by `install`. */
  to?: string;
  install?: string;
}

/** The sdist is unpacked at `/build/src` and what it needs lies in `/inputs`. */
export interface Fetched {
  /** What the wheels were resolved from (PEP 508). */
  requirements: string[];
  wheels: FetchedWheel[];
  /** Paths in the `inputs` volume, in the order of the recipe. */
  sources: PlacedSource[];
  /** Seconds since the epoch: the newest time in the sdist. */
  sourceDateEpoch: number;
}

/** One wheel of the right project and version, as the backend made it. */
export interface Built {
  /** File name in `/build/out`. */
  filename: string;
}

/** A library that the consuming image must bring, and the file of the wheel that needs it. */
export interface Need {
  soname: string;
  by: string;
}

/** A wheel fit to be tried and published. */
export interface Repaired {
  /** Path in the `build` volume. */
  path: string;
  filename: string;
  grafted: string[];
  needs: Need[];
  /** Its Requires-Dist. */
  requires: string[];
  /** Modules at its top level, and compiled modules anywhere in it. */
  modules: string[];
  native: string[];
}

/** A file of the worker's for the time of an attempt. */
export interface Spooled {
  sha256: string;
  sizeBytes: number;
  /** The bytes themselves where they are few, else the path of what holds them. */
  content: Uint8Array | string;
}

/** A wheel that was tried: these bytes and no others. */
export interface Tested extends Spooled {
  filename: string;
  grafted: string[];
  needs: string[];
}

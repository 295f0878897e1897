/** Larger sources take longer to compile than anybody waits for a guess. */
export const MAX_SOURCE_BYTES = 40 * 2 ** 20;

/** A source package of another suite than the image's, as that suite's own list has it. */
export interface SourcePackage {
  suite: string;
  /** The suite is the distribution's newest release. */
  stable: boolean;
  name: string;
  /** Upstream's part of it, e.g. 1.3.1 of `1:1.3.1+dfsg-2`. */
  version: string;
  /** Of the pristine archive. */
  filename: string;
  sha256: string;
  sizeBytes: number;
  /** What it is built with, each as the names that would do. */
  buildDepends: string[][];
}

/** What the suites that came after the image's have. */
export interface SourceIndex {
  /** The source packages from which a binary package is made, the oldest suite first; empty where there is none. */
  sourcesOf(binary: string, signal: AbortSignal): Promise<SourcePackage[]>;
  /** The makefile by which the distribution builds it, debian/rules. */
  rulesOf(source: SourcePackage, signal: AbortSignal): Promise<string>;
}

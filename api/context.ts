import type { Logger } from 'pino';
import type { TokenStore } from '../adapters/sqlite/tokens.js';
import type { FileProvenance } from '../client/contract.js';
import type { BrowseStore } from '../core/browse.js';
import type { CheckSources } from '../core/check-walk.js';
import type { LoadedImage } from '../core/image.js';
import type { IndexPolicy } from '../core/index-policy.js';
import type { IndexUpkeep } from '../core/index-upkeep.js';
import type { RecipeCatalogue } from '../core/recipe/catalogue.js';
import type { RetentionStore } from '../core/retention.js';
import type { ReviewStore } from '../core/review.js';
import type { Settings } from '../core/settings.js';
import type { SolveStore } from '../core/solve-store.js';
import type { BlobStore, BuildQueue, BuildStore, EndingAttempt, LogStore, NewFile } from '../core/store.js';
import type { SubmissionDeps } from '../core/submission.js';
import type { ProjectStandings } from '../core/upload-rules.js';
import type { WorkerStore } from '../core/worker.js';
import type { AttemptSignals } from './attempt-signals.js';
import type { BuildViewOptions } from './build-view.js';
import type { Dispatch } from './dispatch.js';
import type { ForetellDeps } from './foretell.js';
import type { Metrics } from './metrics.js';
import type { UpstreamState } from './upstream-health.js';

/** What a wheel is checked for before it may be published; see adapters/archive/wheel.ts. */
export type CheckWheel = (
  path: string,
  options: { filename: string; bytes?: Uint8Array },
) => Promise<{
  name: { project: string; version: string };
  sizeBytes: number;
  metadataBytes: Uint8Array;
  metadata: { requiresPython?: string };
}>;

/** Makes the PEP 740 provenance object of a file that an attempt made and that is about to be published. */
export type MakeProvenance = (file: NewFile, attempt: EndingAttempt) => Promise<Uint8Array>;

/** What a signed provenance object says of a file. @throws WheelwrightError `invalid` when its signature or its subject does not fit. */
export type ReadProvenance = (provenance: Uint8Array, file: { filename: string; sha256: string }) => FileProvenance;

/** Everything that the handlers of the API work with; made once in start.ts. */
export interface ApiContext {
  settings: Settings;
  log: Logger;
  /** Milliseconds since the epoch. */
  clock: () => number;
  store: BuildStore;
  tokens: TokenStore;
  standings: ProjectStandings;
  indexUpkeep: IndexUpkeep;
  /** What the index offers. */
  policy: IndexPolicy;
  retention: RetentionStore;
  blobs: BlobStore;
  logs: LogStore;
  queue: BuildQueue;
  dispatch: Dispatch;
  workers: WorkerStore;
  signals: AttemptSignals;
  submission: SubmissionDeps;
  /** What was approved here, before what ships. */
  recipes: RecipeCatalogue;
  reviews: ReviewStore;
  solves: SolveStore;
  foretell: ForetellDeps;
  browse: BrowseStore;
  images: readonly LoadedImage[];
  view: BuildViewOptions;
  checkWheel: CheckWheel;
  requiresDist: CheckSources['requiresDist'];
  makeProvenance: MakeProvenance;
  readProvenance: ReadProvenance;
  metrics: Metrics;
  /** How the upstream last answered. */
  upstreamState(): UpstreamState;
  /** Aborts when the program stops, so that long polls and event streams end. */
  stopping: AbortSignal;
}

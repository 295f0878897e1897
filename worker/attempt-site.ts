import type { Readable } from 'node:stream';
import type { Engine } from '../core/engine.js';
import type { PackageIndex } from '../core/package-index.js';
import type { Spooled, Tested } from '../core/phases.js';
import type { SdistText } from '../core/sdist-text.js';
import type { Settings } from '../core/settings.js';
import type { SourceIndex } from '../core/source-package.js';
import type { Upstream } from '../core/upstream.js';
import type { AttemptLog } from './attempt-log.js';
import type { PhaseContext } from './phase-context.js';
import type { TextFile } from './workspace-files.js';

/** What every attempt of a worker is made with. */
export interface AttemptSite {
  settings: Settings;
  engine: Engine;
  upstream: Pick<Upstream, 'file'>;
  scripts: readonly TextFile[];
  caBundle: string | undefined;
  indexToken: string | undefined;
  /** Knows which system package has a file and what later suites have, for images of that name; `builder` and `workspace` are what it may work with. */
  packageIndex: (image: { name: string; builder: string; workspace: string }) => PackageIndex & SourceIndex;
  /** The checked content of a source archive as a tar stream without its top folder. */
  unpackSdist: (sdist: Spooled['content']) => Readable;
  /** The text files of a source archive that are wanted, by their path below its top folder. */
  readSdist: (sdist: Spooled['content'], wanted: (path: string) => boolean) => Promise<SdistText[]>;
}

/** An attempt's means to tell what happens, whatever becomes of it. */
export interface AttemptVoice {
  log: AttemptLog;
  /** Starts the diagnosis of a phase: what is logged from now on is its. */
  listen: (diagnosis: PhaseContext['diagnosis']) => void;
  /** Brings the wheel to the api. */
  deliver: (wheel: Tested) => Promise<void>;
}

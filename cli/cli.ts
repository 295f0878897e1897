import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseSettings, type Settings } from '../core/settings.js';
import { EXIT, type ExitCode } from './exit-code.js';
import type { Terminal } from './terminal.js';

export interface CliOptions {
  environment: Readonly<Record<string, string | undefined>>;
  terminal: Terminal;
  /** Aborted when the person wants out. */
  signal: AbortSignal;
}

/** What every command gets: where to write, when to stop, and the settings, read when first asked for. */
export class Cli {
  readonly environment: CliOptions['environment'];
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
  exitCode: ExitCode = EXIT.done;
  #settings: Settings | undefined;

  constructor(options: CliOptions) {
    this.environment = options.environment;
    this.terminal = options.terminal;
    this.signal = options.signal;
  }

  /** With an absolute data folder, since the programs that are started may run elsewhere. */
  get settings(): Settings {
    if (this.#settings === undefined) {
      const parsed = parseSettings(this.environment);
      this.#settings = { ...parsed, WHEELWRIGHT_DATA: path.resolve(parsed.WHEELWRIGHT_DATA) };
    }
    return this.#settings;
  }
}

/** The folder of compiled programs that this one belongs to. */
export const PROGRAMS = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** The repository, with the images and recipes that ship; tests run the programs from their sources. */
export const REPOSITORY = path.basename(PROGRAMS) === 'dist' ? path.dirname(PROGRAMS) : PROGRAMS;

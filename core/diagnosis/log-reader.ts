import type { Phase } from '../phase.js';
import { MAX_LINE_LENGTH } from './log-line.js';
import type { Surroundings } from './rule.js';

/** `went-on`: what looked like a failure before was none. `handled`: the exception before was caught and another follows. */
export type LogEvent = 'went-on' | 'handled' | undefined;

const MAX_ASKED = 6;
// A cheap look before the long one.
const MAY_FALL_BACK = /back|ure|kip|disab|out|xten|peed|compil/;
const FELL_BACK =
  /fall(?:ing|s)? ?back (?:to|on) (?:a )?(?:the )?(?:slow(?:er)? )?(?:pure|python|ABI\b)|pure[- ]python (?:version|build|fallback|mode|implementation)|extensions? .{0,40}(?:skipped|disabled)|skipping (?:optional|the|building|C)|building extension "?[\w.]+"? failed|could not be compiled|(?:optional|c|cython) extensions? (?:could not|failed|not|will not)|without (?:the )?(?:C |optional )?(?:extension|speedups|accelerat)|speedups? (?:are not|is not|not) enabled/i;

const PROBE =
  /(?:^|[/\s])(?:_configtest|conftest|testfile|sanitycheckc|sanitycheckcpp|CMakeC(?:XX)?Compiler\w*|check_\w+|feature_tests?|try_\w+)\.(?:c|cc|cpp|cxx|f|f90)\b|CMakeTmp|CMakeScratch|TryCompile|meson-private/i;

/** Whether the line is about a file that a build tool wrote itself to find out what the system has: its errors are answers, not failures. */
export function isProbe(line: string): boolean {
  return PROBE.test(line);
}

/** Follows the few things in a log that give its lines their meaning: steps of pip, tracebacks, CMake's error blocks. */
export class LogReader implements Surroundings {
  readonly #asked: string[] = [];
  phase?: Phase;
  python?: string;
  project?: string;
  installingRequirements = false;
  undeclared?: string;
  cmakeError?: string;
  /** Line number at which the present traceback began. */
  tracebackStart = 0;
  /** The line is source text that a traceback or compiler quotes. */
  quoted = false;
  fellBack = false;
  succeeded = false;
  #failedCompile = false;
  #paragraph = { first: '', text: '', line: 0 };
  /** The error of rustc that was told last, and where in a crate it is once the next line says so. */
  #ofCrate = { first: '', text: '', line: 0 };
  /** Indentation of a traceback's `File` line, when that was the last one. */
  #frameIndent: number | undefined;
  /** Rules that are still to come around the code that Cython quotes below such words; it stands between two. */
  #cythonRules = 0;

  constructor(start: { phase?: Phase; python?: string; project?: string }) {
    if (start.phase !== undefined) this.phase = start.phase;
    if (start.python !== undefined) this.python = start.python;
    if (start.project !== undefined) this.project = start.project;
  }

  /** What stands on several lines: CMake's error so far, which it breaks at 80 characters, or rustc's about a crate with its place. Its first line, and the number of that. */
  get paragraph(): { first: string; text: string; line: number } | undefined {
    if (this.#ofCrate.text !== '') return this.#ofCrate;
    return this.cmakeError === undefined ? undefined : this.#paragraph;
  }

  get askedPkgConfig(): readonly string[] {
    return this.#asked;
  }

  read(line: string, number: number): LogEvent {
    this.#followQuotes(line);
    this.#followCmake(line, number);
    this.#followRustc(line, number);
    this.#followPkgConfig(line);
    const undeclared = /warning: implicit declaration of function [‘'`](\w+)/.exec(line)?.[1];
    if (undeclared !== undefined) this.undeclared = undeclared;
    if (this.python === undefined && line.includes('ython')) {
      const found = /(?:\(python |cpython-|Run-time dependency python found: YES |\/python)(3\.?\d{1,2})\b/.exec(
        line,
      )?.[1];
      if (found !== undefined) this.python = found.replace(/^3(?=\d)/, '3.');
    }
    if (/[Ii]nstalling (?:build|backend) dependencies(?!.*finished)/.test(line)) this.installingRequirements = true;
    if (/finished with status 'done'$/.test(line) || /^Successfully (?:built|installed) /.test(line.trimStart())) {
      this.installingRequirements = false;
      this.succeeded = /^Successfully built /.test(line) || this.succeeded;
      return 'went-on';
    }
    if (/^\s*(?:removing: _configtest|failure\.$)/.test(line)) return 'went-on';
    if (MAY_FALL_BACK.test(line) && FELL_BACK.test(line)) {
      this.fellBack = true;
      return 'went-on';
    }
    if (/^\s*Traceback \(most recent call last\):/.test(line)) this.tracebackStart = number;
    if (/^\s*(?:During handling of the above exception|The above exception was the direct cause)/.test(line))
      return 'handled';
    return this.#followCompiler(line);
  }

  /** setup scripts compile one file after the other: a later one shows that the earlier was not needed. */
  #followCompiler(line: string): LogEvent {
    const trimmed = line.trimStart();
    if (/^(?:error: command|compilation terminated|\S+:\d+:(?:\d+:)? (?:fatal )?error:)/.test(trimmed)) {
      this.#failedCompile = true;
      return undefined;
    }
    if (
      !this.#failedCompile ||
      !/^(?:building '|running (?:build|install|bdist)|adding '|creating build\/|copying .+ -> |installing to )/.test(
        trimmed,
      )
    )
      return undefined;
    this.#failedCompile = false;
    return 'went-on';
  }

  #followQuotes(line: string): void {
    const indent = line.length - line.trimStart().length;
    if (/^Error compiling Cython file:/.test(line.trim())) this.#cythonRules = 2;
    else if (this.#cythonRules > 0 && /^-{40,}$/.test(line.trim())) this.#cythonRules -= 1;
    this.quoted =
      this.#cythonRules === 1 ||
      (this.#frameIndent !== undefined && indent > this.#frameIndent) ||
      /^\s*\d* \| /.test(line);
    this.#frameIndent = /^\s*File ".*", line \d+/.test(line) ? indent : undefined;
  }

  #followCmake(line: string, number: number): void {
    const start = /CMake Error(?: at \S+ \((\w+)\)|:| in| at)/.exec(line);
    const text = line.trim();
    if (start !== null) {
      this.cmakeError = start[1] ?? '';
      const said = /CMake Error: (\S.*)$/.exec(line)?.[1] ?? '';
      this.#paragraph = { first: said === '' ? '' : text, text: said, line: number };
    } else if (this.cmakeError === undefined) return;
    else if (/^(?:Call Stack|-- |CMake )/.test(text) || /^\S/.test(line)) delete this.cmakeError;
    else if (text === '' || /^- /.test(text) || this.#paragraph.text === '')
      this.#paragraph = { first: text, text, line: number };
    else if (this.#paragraph.text.length < MAX_LINE_LENGTH) this.#paragraph.text += ` ${text}`;
  }

  #followRustc(line: string, number: number): void {
    const { first, line: at } = this.#ofCrate;
    const isPlace = at === number - 1 && /^ *--> \S*\/registry\/src\//.test(line);
    if (isPlace) this.#ofCrate.text = `${first} ${line.trim()}`;
    else if (/^error(?:\[E\d{4}\])?: /.test(line)) this.#ofCrate = { first: line.trim(), text: '', line: number };
    else this.#ofCrate.text = '';
  }

  #followPkgConfig(line: string): void {
    if (!line.includes('pkg-config') && !line.includes('pkgconf')) return;
    const name =
      /pkg-?conf(?:ig)?['"]?,? .*?(?:--exists|--modversion|--cflags|--libs|--print-errors)['"]?,?\s+['"]?(?:--\S+\s+)*([A-Za-z][\w.+-]*)/.exec(
        line,
      )?.[1];
    if (name === undefined || this.#asked.includes(name)) return;
    this.#asked.push(name);
    if (this.#asked.length > MAX_ASKED) this.#asked.shift();
  }
}

export interface NumberedLine {
  line: string;
  lineNumber: number;
}

const EXCEPTION =
  /^\s*(?:[\w.]+\.)?[A-Z]\w*(?:Error|Exception|Exit|Failure|Warning|Interrupt|NotFound|Unavailable)(?::| \[|$)/;
/** By their place they are exceptions whatever they are called. */
const OF_MODULE = /^(?:[a-z_]\w*\.)+[A-Z]\w*: \S/;
const WRAPPER =
  /subprocess-exited-with-error|metadata-generation-failed|CalledProcessError|CompileError: command|BackendUnavailable|error: command ['"]?\S+['"]? failed with exit|LinkError: command|failed with exit (?:code|status)|SystemExit: 1$|ninja: build stopped|Failed building wheel|Failed to build|HookMissing|CCompilerError|BuildFailed$/;
/** What is said about a program that ended by itself, and what is said by nobody but the service. */
const ENDED = /^the build backend ended with exit status \d/;
const OWN = /^\[wheelwright\] /;
const MAX_OTHERS = 3;
const MAX_SHOWN = 300;

/** The lines that a person would look at when no rule knows a log. */
export class TellingLines {
  #last: NumberedLine = { line: '', lineNumber: 0 };
  #exception: NumberedLine | undefined;
  #error: NumberedLine | undefined;
  #wrapper: NumberedLine | undefined;
  #lastWords: NumberedLine | undefined;

  line(text: string, lineNumber: number): void {
    const line = text.trim().slice(0, MAX_SHOWN);
    if (line === '') return;
    // A program that ends without an exception has said why just before.
    if (ENDED.test(line)) this.#lastWords = OWN.test(this.#last.line) ? undefined : this.#last;
    this.#last = { line, lineNumber };
    if (!/rror|ERROR|xception|xit|ailure|nterrupt|FAILED|navailable/.test(line) && !OF_MODULE.test(line)) return;
    if (WRAPPER.test(line)) this.#wrapper = { line, lineNumber };
    else if ((EXCEPTION.test(line) || OF_MODULE.test(line)) && !/Warning\b/.test(line))
      this.#exception = { line, lineNumber };
    else if (!/^note: /.test(line) && /(?:^|[\s:[])(?:[Ee]rror|ERROR|fatal error|FAILED)(?::|\]? )/.test(line)) {
      this.#error ??= { line, lineNumber };
    }
  }

  /** The build went on: what was told so far was not its end. */
  forget(): void {
    this.#exception = undefined;
    this.#error = undefined;
    this.#wrapper = undefined;
    this.#lastWords = undefined;
  }

  best(): NumberedLine | undefined {
    return this.#exception ?? this.#error ?? this.#lastWords ?? this.#wrapper;
  }

  others(): NumberedLine[] {
    return [this.#exception, this.#error, this.#lastWords, this.#wrapper, this.#last]
      .filter((line) => line !== undefined)
      .filter((line, index, all) => all.findIndex((other) => other.lineNumber === line.lineNumber) === index)
      .slice(0, MAX_OTHERS);
  }

  last(): NumberedLine {
    return this.#last;
  }
}

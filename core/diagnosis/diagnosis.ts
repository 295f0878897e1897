import type { Failure, FailureClass } from '../failure.js';
import type { Phase } from '../phase.js';
import { type Candidate, Candidates, PYTHON_API } from './candidates.js';
import { asFallback, type DiagnosisContext, failureOf, limitReached, unexplained } from './conclusion.js';
import { cleanLine, withoutCarrier } from './log-line.js';
import { isProbe, LogReader } from './log-reader.js';
import { applyRule, type Finding, type Surroundings, WEIGHTS } from './rule.js';
import { RULES } from './rules.js';
import { TellingLines } from './telling-lines.js';

/** Reads the log of one phase, line by line, in memory that does not grow with it, and says in the end why the phase failed. */
export interface Diagnosis {
  /** One line without its newline, and its 1-based number in the attempt's log. */
  line(text: string, number: number): void;
  conclude(context?: DiagnosisContext): Failure;
  /**
   * Whether something failed to compile and the build went on without it; only then is a wheel to be mistrusted.
   * @param others the wheel has other extensions: what may be had or not is mostly a library then, so that only one counts that does not know this Python
   */
  fellBack(others: boolean): boolean;
}

const NATIVE_FAILURES: readonly FailureClass[] = ['missing-header', 'missing-library', 'compile-error'];
const FALLBACK_REASONS: readonly FailureClass[] = [
  ...NATIVE_FAILURES,
  'missing-tool',
  'toolchain-missing',
  'library-too-old',
  'python-too-new',
];

/** `start`: what is known beforehand; `python` like `3.13`, `project` by its normalised name. */
export function createDiagnosis(start: { phase?: Phase; python?: string; project?: string } = {}): Diagnosis {
  const reader = new LogReader(start);
  const telling = new TellingLines();
  const candidates = new Candidates();

  function line(text: string, lineNumber: number): void {
    const cleaned = cleanLine(text);
    const said = withoutCarrier(cleaned);
    const bare = said.trimStart();
    const event = reader.read(said, lineNumber);
    if (event === 'went-on') {
      candidates.survive();
      telling.forget();
    }
    if (event === 'handled') candidates.handle(reader.tracebackStart);
    if (reader.quoted) return;
    telling.line(bare, lineNumber);
    const paragraph = reader.paragraph;
    const match = strongest(paragraph?.text ?? bare, reader);
    if (match === undefined) return;
    const candidate =
      paragraph === undefined || paragraph.line === lineNumber
        ? { ...match, line: cleaned.trim(), lineNumber }
        : { ...match, line: paragraph.first, lineNumber: paragraph.line };
    if (OUTDATED.test(bare)) candidates.addOutdated(candidate);
    else if (isProbe(bare)) candidates.addProbe(candidate);
    else candidates.add(candidate);
  }

  function conclude(context: DiagnosisContext = {}): Failure {
    const best = decisive(context);
    const failure =
      limitReached(context.exit, best, telling.last()) ??
      (best === undefined ? unexplained(context, telling, reader.succeeded) : failureOf(best));
    return {
      ...(context.silentFallback && failure.class !== 'silent-fallback' ? asFallback(failure) : failure),
      ...(context.phase === undefined ? {} : { phase: context.phase }),
    };
  }

  function decisive(context: DiagnosisContext): Candidate | undefined {
    const best = candidates.best();
    const fellBack = context.silentFallback === true || reader.fellBack;
    // auditwheel only sees that nothing is there to repair; why the extension is missing stands further up.
    if (best?.finding.class === 'silent-fallback') return (fellBack ? candidates.bestSurvived() : undefined) ?? best;
    if (best?.finding.class === 'network-needed') return candidates.outdatedFor(best) ?? best;
    if (best !== undefined) return best;
    if (fellBack) return candidates.bestSurvived();
    const end = telling.best();
    return end !== undefined && TRIED.test(end.line) ? candidates.probeBefore(end.lineNumber) : undefined;
  }

  function fellBack(others: boolean): boolean {
    const reason = candidates.best() ?? candidates.bestSurvived();
    if (reason === undefined) return false;
    if (others) return reader.fellBack && reason.weight === PYTHON_API;
    const reasons = reader.fellBack ? FALLBACK_REASONS : NATIVE_FAILURES;
    return reason.weight === PYTHON_API || reasons.includes(reason.finding.class);
  }

  return { line, conclude, fellBack };
}

/** What CMake hands on of pkg-config's words, and goes on: many a project then downloads the library. */
const OUTDATED = /^-- +Requested '/;

/** Last words of a program that tried something with the compiler, and do not say what it lacked. */
const TRIED = /compil|configur|preprocess|return code|\blink|gcc|does not work/i;

// One cheap look that spares nearly all lines of a log the rules.
const TELLING =
  /error|fail|not found|-- +requested '|no such|but version of|does not contain|bad value|cannot|can't|can not|could ?n[o']t|did ?n[o']t|unable|missing|required|requires|undefined|undeclared|killed|memory|no space|quota|resol|unreachable|internet|no module|invalid|newer|older|denied|rust|compiler|^e: |exception|fatal|-fPIC|symbol|not look|without|please|install|^- |not satisf|no matching|no solution|because|not valid|compat|running version|by not providing|refused|is not|offline|download|dial tcp|readerror|badzip|no package|segmentation|exit status|make sure|directive|lookup|onwards|on by default|multiple def|mismatch|unknown cmake|configure: line|no rule to|install_layout|\.p(?:yx|xd|xi):\d/i;

/** Commands and progress, which make up most of a log and quote file names with every word in them; and warnings that are only that. */
const WORK =
  /^(?:\[\s*\d+\/\d+\] )?(?:\S*\/)?(?:gcc|g\+\+|cc|c\+\+|clang|clang\+\+|x86_64-linux-gnu-g\S+|gfortran|ar|copying|adding|creating|writing|Compiling|Building)\s|: warning: /;

function mayTell(line: string): boolean {
  return TELLING.test(line) && (line.includes('rror:') || !WORK.test(line));
}

function strongest(line: string, around: Surroundings): { finding: Finding; weight: number } | undefined {
  if (line === '' || !mayTell(line)) return undefined;
  let best: { finding: Finding; weight: number } | undefined;
  for (const rule of RULES) {
    const weight = WEIGHTS.indexOf(rule.weight);
    if (best !== undefined && best.weight <= weight) continue;
    const finding = applyRule(rule, line, around);
    if (finding !== undefined) best = { finding, weight };
  }
  return best;
}

import type { ContainerExit } from '../engine.js';
import type { Failure, FailureClass } from '../failure.js';
import type { Phase } from '../phase.js';
import { cleanLine, LineCutter, withoutCarrier } from './log-line.js';
import { isProbe, LogReader } from './log-reader.js';
import { applyRule, type Finding, type Rule, type Surroundings, WEIGHTS } from './rule.js';
import { discoveryRules } from './rules/discovery.js';
import { environmentRules } from './rules/environment.js';
import { nativeRules } from './rules/native.js';
import { pythonRules } from './rules/python.js';
import { requirementRules } from './rules/requirements.js';
import { toolchainRules } from './rules/toolchain.js';
import { wheelRules } from './rules/wheel.js';
import { type NumberedLine, TellingLines } from './telling-lines.js';

const RULES: readonly Rule[] = [
  ...environmentRules,
  ...nativeRules,
  ...discoveryRules,
  ...toolchainRules,
  ...wheelRules,
  ...requirementRules,
  ...pythonRules,
];

/** What is known about a run besides its log. */
export interface DiagnosisContext {
  phase?: Phase;
  exit?: ContainerExit;
  /** The build said that all is well, but its wheel lacks the extension that it should have. */
  silentFallback?: boolean;
}

/** Reads the log of one phase, line by line, in memory that does not grow with it, and says in the end why the phase failed. */
export interface Diagnosis {
  /** One line without its newline, and its 1-based number in the attempt's log. */
  line(text: string, number: number): void;
  conclude(context?: DiagnosisContext): Failure;
}

interface Candidate {
  finding: Finding;
  weight: number;
  line: string;
  lineNumber: number;
  /** An exception that the code caught, raising another. */
  handled: boolean;
}

/** `start`: what is known beforehand; `python` like `3.13`. */
export function createDiagnosis(start: { phase?: Phase; python?: string } = {}): Diagnosis {
  const reader = new LogReader(start);
  const telling = new TellingLines();
  /** Best match of each weight since the build last went on as if nothing had happened, and before. */
  let open = new Map<number, Candidate>();
  const survived = new Map<number, Candidate>();

  function survive(): void {
    for (const candidate of open.values()) keep(survived, candidate);
    open = new Map();
    telling.forget();
  }

  function line(text: string, number: number): void {
    const cleaned = cleanLine(text);
    const bare = withoutCarrier(cleaned);
    const event = reader.read(bare, number);
    if (event === 'went-on') survive();
    if (event === 'handled') {
      for (const candidate of open.values())
        if (candidate.lineNumber >= reader.tracebackStart) candidate.handled = true;
    }
    telling.line(bare, number, reader);
    if (bare === '' || isProbe(bare) || !mayTell(bare)) return;
    const match = strongest(bare, reader);
    if (match !== undefined) keep(open, { ...match, line: cleaned.trim(), lineNumber: number, handled: false });
  }

  function conclude(context: DiagnosisContext = {}): Failure {
    const fellBack = context.silentFallback === true || reader.fellBack;
    const last = first(open);
    // auditwheel only sees that nothing is there to repair; why the extension is missing stands further up.
    const best =
      last === undefined || last.finding.class === 'silent-fallback'
        ? ((fellBack ? first(survived) : undefined) ?? last)
        : last;
    return { ...failureOf(best, context), ...(context.phase === undefined ? {} : { phase: context.phase }) };
  }

  function failureOf(best: Candidate | undefined, context: DiagnosisContext): Failure {
    const last = telling.last();
    const { exit } = context;
    if (exit?.kind === 'timed-out') {
      return { class: 'timed-out', ...last, cause: timedOutCause(best) };
    }
    if (exit?.kind === 'disk-full') {
      return { class: 'disk-full', ...last, cause: 'The workspace reached the size that it may have.' };
    }
    if (exit?.kind === 'output-limit') {
      return { class: 'output-limit', ...last, cause: 'The build printed more than a log may hold.' };
    }
    if (exit?.kind === 'exited' && exit.oomKilled && best?.finding.class !== 'out-of-memory')
      return killed(best ?? last);
    if (best === undefined) return unexplained(context, telling, reader);
    const failure = toFailure(best);
    return context.silentFallback ? asFallback(failure) : failure;
  }

  return { line, conclude };
}

/** The diagnosis of a whole log in one string. */
export function diagnoseText(text: string, context: DiagnosisContext = {}): Failure {
  const diagnosis = createDiagnosis(context.phase === undefined ? {} : { phase: context.phase });
  const cutter = new LineCutter((line, number) => diagnosis.line(line, number));
  cutter.push(new TextEncoder().encode(text));
  cutter.end();
  return diagnosis.conclude(context);
}

// One cheap look that spares nearly all lines of a log the rules.
const TELLING =
  /error|fail|not found|no such|cannot|can't|can not|could ?n[o']t|unable|missing|required|requires|undefined|undeclared|killed|memory|no space|quota|resol|unreachable|internet|no module|invalid|newer|older|denied|rust|compiler|^e: |exception|fatal|-fPIC|symbol|not look|without|please| {3}- |^\s+- |not satisf|no matching|no solution|because|not valid|compat|running version|by not providing|refused|is not|offline|download|dial tcp|readerror|badzip|no package|segmentation/i;

function mayTell(line: string): boolean {
  return TELLING.test(line);
}

function strongest(line: string, around: Surroundings): { finding: Finding; weight: number } | undefined {
  let best: { finding: Finding; weight: number } | undefined;
  for (const rule of RULES) {
    const weight = WEIGHTS.indexOf(rule.weight);
    if (best !== undefined && best.weight <= weight) continue;
    const finding = applyRule(rule, line, around);
    if (finding !== undefined) best = { finding, weight };
  }
  return best;
}

/** Keeps the earliest of a weight, but rather one that nobody caught. */
function keep(among: Map<number, Candidate>, candidate: Candidate): void {
  const present = among.get(candidate.weight);
  if (present === undefined || (present.handled && !candidate.handled)) among.set(candidate.weight, candidate);
}

function first(among: Map<number, Candidate>): Candidate | undefined {
  return [...among.values()].sort((a, b) => a.weight - b.weight)[0];
}

function toFailure({ finding, line, lineNumber }: Candidate): Failure {
  const { edit, why, guess, missing, cause } = finding;
  return {
    class: finding.class,
    line,
    lineNumber,
    cause,
    ...(edit === undefined
      ? {}
      : { proposal: { edit, why: why ?? cause, ...(guess ? { guess: true as const } : {}) } }),
    ...(missing === undefined || missing.length === 0 ? {} : { missing }),
  };
}

function killed({ line, lineNumber }: NumberedLine): Failure {
  return {
    class: 'out-of-memory',
    line,
    lineNumber,
    cause:
      'The engine killed a process of the build because it took more memory than it may have. More memory, or fewer jobs at a time, helps.',
    proposal: {
      edit: { resources: { cpus: 1, memory: '8g' } },
      why: 'One compiler at a time needs the least memory.',
      guess: true,
    },
  };
}

function asFallback(failure: Failure): Failure {
  return {
    ...failure,
    class: 'silent-fallback',
    cause: `The build ended well, but without its compiled extension. ${failure.cause}`,
  };
}

function timedOutCause(best: Candidate | undefined): string {
  const limit = 'The phase took longer than it may. A recipe can give it more time (resources.timeout).';
  return best?.finding.class === 'network-needed'
    ? `${limit} It was trying to reach a network, which builds do not have.`
    : limit;
}

const CLASS_OF_PHASE: Readonly<Record<Phase, FailureClass>> = {
  fetch: 'unknown',
  build: 'unknown',
  repair: 'repair-refused',
  test: 'test-failed',
  publish: 'bad-wheel',
};

function unexplained(context: DiagnosisContext, telling: TellingLines, reader: LogReader): Failure {
  if (context.silentFallback) {
    return {
      class: 'silent-fallback',
      ...telling.last(),
      cause:
        'The wheel has a platform tag but nothing compiled in it, and the log does not say why the extension was left out.',
    };
  }
  const best = telling.best();
  if (context.exit === undefined && context.phase === undefined && reader.succeeded && best === undefined) {
    return {
      class: 'unknown',
      ...telling.last(),
      cause: 'Nothing in this log looks like a failure: it ends with a wheel.',
    };
  }
  const lines = telling.others();
  const shown =
    lines.length > 1
      ? ` The most telling lines: ${lines.map((line) => `${line.lineNumber}: ${line.line}`).join(' | ')}`
      : '';
  return {
    class: context.phase === undefined ? 'unknown' : CLASS_OF_PHASE[context.phase],
    ...(best ?? telling.last()),
    cause: `No rule knows this failure; the cause has to be read from the log.${shown}`,
  };
}

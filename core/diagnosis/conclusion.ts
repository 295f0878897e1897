import type { ContainerExit } from '../engine.js';
import type { Failure, FailureClass } from '../failure.js';
import type { Phase } from '../phase.js';
import type { Candidate } from './candidates.js';
import type { NumberedLine, TellingLines } from './telling-lines.js';

/** What is known about a run besides its log. */
export interface DiagnosisContext {
  phase?: Phase;
  exit?: ContainerExit;
  /** The build said that all is well, but its wheel lacks the extension that it should have. */
  silentFallback?: boolean;
}

/** The failure that a candidate stands for. */
export function failureOf({ finding, line, lineNumber }: Candidate): Failure {
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

export function asFallback(failure: Failure): Failure {
  return {
    ...failure,
    class: 'silent-fallback',
    cause: `The build ended well, but left out what it should have compiled. ${failure.cause}`,
  };
}

/** A limit that ended the run outweighs whatever the log says; undefined where none did. */
export function limitReached(
  exit: ContainerExit | undefined,
  best: Candidate | undefined,
  last: NumberedLine,
): Failure | undefined {
  switch (exit?.kind) {
    case undefined:
      return undefined;
    case 'timed-out':
      return { class: 'timed-out', ...last, cause: timedOutCause(best) };
    case 'disk-full':
      return { class: 'disk-full', ...last, cause: 'The workspace reached the size that it may have.' };
    case 'output-limit':
      return { class: 'output-limit', ...last, cause: 'The build printed more than a log may hold.' };
    case 'exited':
      return exit.oomKilled && best?.finding.class !== 'out-of-memory' ? killed(best ?? last) : undefined;
    default:
      return exit satisfies never;
  }
}

function timedOutCause(best: Candidate | undefined): string {
  const limit = 'The phase took longer than it may. A recipe can give it more time (resources.timeout).';
  return best?.finding.class === 'network-needed'
    ? `${limit} It was trying to reach a network, which builds do not have.`
    : limit;
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

const CLASS_OF_PHASE: Readonly<Record<Phase, FailureClass>> = {
  fetch: 'unknown',
  build: 'unknown',
  repair: 'repair-refused',
  test: 'test-failed',
  publish: 'bad-wheel',
};

/** What to say where no rule knows the log: its most telling lines, and no guess. */
export function unexplained(context: DiagnosisContext, telling: TellingLines, succeeded: boolean): Failure {
  if (context.silentFallback) {
    return {
      class: 'silent-fallback',
      ...telling.last(),
      cause:
        'The wheel has a platform tag but nothing compiled in it, and the log does not say why the extension was left out.',
    };
  }
  const best = telling.best();
  if (context.exit === undefined && context.phase === undefined && succeeded && best === undefined) {
    return {
      class: 'unknown',
      ...telling.last(),
      cause: 'Nothing in this log looks like a failure: it ends with a wheel.',
    };
  }
  const lines = telling.others();
  const shown =
    lines.length > 1
      ? ` The most telling lines: ${lines.map(({ line, lineNumber }) => `${lineNumber}: ${line}`).join(' | ')}`
      : '';
  return {
    class: context.phase === undefined ? 'unknown' : CLASS_OF_PHASE[context.phase],
    ...(best ?? telling.last()),
    cause: `No rule knows this failure; the cause has to be read from the log.${shown}`,
  };
}

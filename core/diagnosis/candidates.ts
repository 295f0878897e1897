import { type Finding, WEIGHTS } from './rule.js';

/** A line that may be the one that decides, and what a rule says about it. */
export interface Candidate {
  finding: Finding;
  /** Place in WEIGHTS; less is weightier. */
  weight: number;
  line: string;
  lineNumber: number;
}

/** Cython's exception names the file, and what it said before that names what is wrong with it. */
const CYTHON_ENDED = /\bCython\.Compiler\.Errors\.CompileError: /;
const CYTHON_TOLD = /^\S+\.p(?:yx|xd|xi):\d+:\d+: /;

interface Kept extends Candidate {
  /** An exception that the code caught, raising another. */
  handled: boolean;
  /** Line up to which the same message went on. */
  until?: number;
}

/** How far from a program's last words its probe may be to be what it complains about. */
const PROBE_REACH = 15;
const MAX_OUTDATED = 8;
/** A compiler's error about Python itself. */
export const PYTHON_API = WEIGHTS.indexOf('python-api');
const COMPILE = WEIGHTS.indexOf('compile');

/** The best candidate of each weight, and no more, so that memory does not grow with the log. */
export class Candidates {
  #open = new Map<number, Kept>();
  readonly #survived = new Map<number, Kept>();
  #probed: Candidate | undefined;
  #outdated: Candidate[] = [];

  add(candidate: Candidate): void {
    keep(this.#open, { ...candidate, handled: false });
  }

  /** What a build tool found out by a file of its own: it may be told of when the build then gives up. */
  addProbe(candidate: Candidate): void {
    this.#probed = candidate;
  }

  /** A library was found too old, which a build may get over by a copy of its own. */
  addOutdated(candidate: Candidate): void {
    this.#outdated = [candidate, ...this.#outdated].slice(0, MAX_OUTDATED);
  }

  /** The library that was too old, where it is the one that was wanted from a network. */
  outdatedFor({ finding }: Candidate): Candidate | undefined {
    const names = (finding.missing ?? []).map(({ name }) => name.toLowerCase().replace(/^lib/, ''));
    return this.#outdated.find(({ line }) => {
      const [, library = ''] = /'(?:lib)?([\w.+-]+)/.exec(line.toLowerCase()) ?? [];
      return names.includes(library);
    });
  }

  /** The build went on: what was seen so far did not end it. */
  survive(): void {
    for (const candidate of this.#open.values()) keep(this.#survived, candidate);
    this.#open = new Map();
  }

  /** The exceptions from a line on were caught, and another follows. */
  handle(fromLine: number): void {
    for (const candidate of this.#open.values()) if (candidate.lineNumber >= fromLine) candidate.handled = true;
  }

  /** The weightiest. An error about Python explains the compiler's errors before it, and an exception of Cython's those that Cython told: the first of them is the one to look at. */
  best(): Candidate | undefined {
    const best = weightiest(this.#open);
    const first = this.#open.get(COMPILE);
    if (best === undefined || first === undefined || first.lineNumber > best.lineNumber) return best;
    const explained = best.weight === PYTHON_API || (CYTHON_ENDED.test(best.line) && CYTHON_TOLD.test(first.line));
    return explained ? { ...first, finding: best.finding } : best;
  }

  bestSurvived(): Candidate | undefined {
    return weightiest(this.#survived);
  }

  /** The last probe that failed, where it stands shortly before that line. */
  probeBefore(lineNumber: number): Candidate | undefined {
    const distance = lineNumber - (this.#probed?.lineNumber ?? Number.POSITIVE_INFINITY);
    return distance >= 0 && distance <= PROBE_REACH ? this.#probed : undefined;
  }
}

/** Keeps the earliest of a weight, but rather one that nobody caught; of one line, what was made of it last, with more of its sentence read. */
function keep(among: Map<number, Kept>, candidate: Kept): void {
  const present = among.get(candidate.weight);
  const longer = present && prolonged(present, candidate);
  if (longer !== undefined) among.set(candidate.weight, longer);
  else if (present === undefined || (present.handled && !candidate.handled)) among.set(candidate.weight, candidate);
  else if (present.lineNumber === candidate.lineNumber)
    among.set(candidate.weight, { ...candidate, line: present.line });
}

/** How far the end of pkg-config's message may be from its beginning. */
const MESSAGE_LINES = 16;

/** ld, pkg-config and CMake name all that they miss, a line for each: one message that needs all of it. */
function prolonged(present: Kept, { finding, lineNumber }: Kept): Kept | undefined {
  const [part] = finding.missing ?? [];
  const missing = present.finding.missing ?? [];
  if (part === undefined || present.handled || (part.kind !== 'library' && part.kind !== 'pkg-config'))
    return undefined;
  if (finding.class !== present.finding.class || missing[0]?.kind !== part.kind) return undefined;
  const end = present.until ?? present.lineNumber;
  const known = missing.some(({ name }) => name === part.name);
  if (known && lineNumber > end && lineNumber <= end + MESSAGE_LINES) return { ...present, until: lineNumber };
  if (known || lineNumber !== end + 1) return undefined;
  return { ...present, finding: { ...present.finding, missing: [...missing, part] }, until: lineNumber };
}

function weightiest(among: ReadonlyMap<number, Kept>): Candidate | undefined {
  return [...among.values()].sort((a, b) => a.weight - b.weight)[0];
}

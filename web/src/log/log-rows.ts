import type { Phase } from '../../../core/phase.js';

/** Consecutive lines of one run of a phase. Phases repeat, so it is identified by its position among the attempt's phases. */
export interface LogSection {
  index: number;
  phase: Phase;
  firstLine: number;
  /** Less than `firstLine` where the phase wrote nothing. */
  lastLine: number;
  folded: boolean;
}

export type LogRow = { kind: 'phase'; section: LogSection } | { kind: 'line'; number: number };

/** The rows of a log on screen: each section's heading, then its lines unless folded; just lines where sections are not known. */
export class LogRows {
  readonly #sections: readonly LogSection[];
  /** Row number of each section's heading. */
  readonly #headings: number[] = [];
  /** Lines before the first section, e.g. of the worker itself. */
  readonly #preamble: number;
  readonly count: number;

  constructor(sections: readonly LogSection[], lineCount: number) {
    this.#sections = sections;
    this.#preamble = (sections[0]?.firstLine ?? lineCount + 1) - 1;
    let row = this.#preamble;
    for (const section of sections) {
      this.#headings.push(row);
      row += 1 + linesShown(section);
    }
    this.count = row;
  }

  /** The row at a 0-based position. */
  at(row: number): LogRow {
    if (row < this.#preamble) return { kind: 'line', number: row + 1 };
    const index = this.#headings.findLastIndex((heading) => heading <= row);
    const section = this.#sections[index] as LogSection;
    const below = row - (this.#headings[index] as number);
    return below === 0 ? { kind: 'phase', section } : { kind: 'line', number: section.firstLine + below - 1 };
  }

  /** Position of a line; of its section's heading where that is folded. */
  ofLine(number: number): number {
    const index = this.#sections.findLastIndex(({ firstLine }) => firstLine <= number);
    const section = this.#sections[index];
    if (section === undefined) return number - 1;
    const heading = this.#headings[index] as number;
    return section.folded ? heading : heading + 1 + number - section.firstLine;
  }

  /** The section that a line belongs to, folded or not; undefined before the first one. */
  sectionOf(number: number): LogSection | undefined {
    return this.#sections.findLast(({ firstLine }) => firstLine <= number);
  }

  ofSection(index: number): number {
    return this.#headings[index] ?? 0;
  }
}

function linesShown(section: LogSection): number {
  return section.folded ? 0 : Math.max(0, section.lastLine - section.firstLine + 1);
}

export interface PhaseStart {
  phase: Phase;
  firstLine?: number | undefined;
}

/** Cuts a log into sections by the first line of each phase; empty where the service does not know them. */
export function sectionsOf(
  phases: readonly PhaseStart[],
  lineCount: number,
  folded: ReadonlySet<number>,
): LogSection[] {
  const known = phases.filter(({ firstLine }) => firstLine !== undefined);
  if (known.length !== phases.length) return [];
  return phases.map(({ phase, firstLine = 1 }, index) => ({
    index,
    phase,
    firstLine,
    lastLine: Math.min(lineCount, (phases[index + 1]?.firstLine ?? lineCount + 1) - 1),
    folded: folded.has(index),
  }));
}

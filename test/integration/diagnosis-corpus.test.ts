import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { openContentsIndex } from '../../adapters/debian/contents-index.js';
import type { Failure } from '../../core/failure.js';
import { enrichProposal } from '../../core/package-index.js';
import { diagnoseText } from '../support/diagnose-text.js';

// Real logs of real builds, of pip, uv and our own phases; expected.yaml says what a person says about each.
const LOGS = 'test/fixtures/logs';

interface Expected {
  log: string;
  class: string;
  /** Missing where the log holds no failure, or no single line decides. */
  line?: number;
  /** The values of the proposed edit in one text, e.g. `libyaml-dev`; a confident proposal with anything else in it is wrong. */
  proposes?: string;
}

interface Result extends Expected {
  failure: Failure;
}

async function diagnoseAll(): Promise<Result[]> {
  const expected = parse(readFileSync(`${LOGS}/expected.yaml`, 'utf8')) as Expected[];
  const index = openContentsIndex('test/fixtures/debian', () => Promise.reject(new Error('it is there')));
  const results: Result[] = [];
  for (const entry of expected) {
    const failure = diagnoseText(gunzipSync(readFileSync(`${LOGS}/${entry.log}.log.gz`)).toString());
    results.push({ ...entry, failure: await enrichProposal(failure, index, new AbortController().signal) });
  }
  return results;
}

/** The values in an edit, without its keys: what would be changed. */
function valuesOf(edit: unknown): string[] {
  if (typeof edit !== 'object' || edit === null) return [String(edit)];
  return Object.values(edit).flatMap(valuesOf);
}

function isWrongProposal({ failure: { proposal }, proposes }: Result): boolean {
  return proposal !== undefined && !proposal.guess && valuesOf(proposal.edit).join(' ') !== proposes;
}

function report(results: readonly Result[]): string {
  const classes = [...new Set(results.flatMap((result) => [result.class, result.failure.class]))].sort();
  const rows = classes.map((name) => {
    const meant = results.filter((result) => result.class === name).length;
    const said = results.filter((result) => result.failure.class === name);
    const right = said.filter((result) => result.class === name).length;
    const percent = (of: number) => (of === 0 ? '   -' : `${String(Math.round((100 * right) / of)).padStart(3)}%`);
    return `${name.padEnd(24)} ${String(meant).padStart(4)} logs   precision ${percent(said.length)}   recall ${percent(meant)}`;
  });
  const misses = results
    .filter((result) => !isRight(result))
    .map(
      ({ log, failure, class: wanted, line }) =>
        `${log}: ${wanted} at ${line ?? '-'}, but got ${failure.class} at ${failure.lineNumber}: ${failure.line}`,
    );
  return [...rows, ...misses].join('\n');
}

function isRight(result: Result): boolean {
  return (
    result.class === result.failure.class && (result.line === undefined || result.line === result.failure.lineNumber)
  );
}

test('the corpus of real logs: class, decisive line, and no wrong proposal', async () => {
  const results = await diagnoseAll();
  const withLine = results.filter((result) => result.line !== undefined);
  const rightClass = results.filter((result) => result.class === result.failure.class).length / results.length;
  const rightLine = withLine.filter((result) => result.line === result.failure.lineNumber).length / withLine.length;
  console.info(
    `${results.length} logs: class ${(100 * rightClass).toFixed(1)}%, line ${(100 * rightLine).toFixed(1)}%\n${report(results)}`,
  );
  expect(
    results.filter(isWrongProposal).map(({ log, failure }) => `${log}: ${JSON.stringify(failure.proposal)}`),
  ).toEqual([]);
  expect(rightClass).toBeGreaterThanOrEqual(0.95);
  expect(rightLine).toBeGreaterThanOrEqual(0.9);
});

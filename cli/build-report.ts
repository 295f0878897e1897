// How a build is told to a person.
import { stringify } from 'yaml';
import type { Build } from '../client/contract.js';
import { formatLibraries, formatPhases, formatSize, nameOfBuild } from './format.js';

/** What came of a finished build: its files, or why there are none. */
export function reportBuild(build: Build): string[] {
  const lines = [`${nameOfBuild(build)}: ${outcomeOf(build)}`];
  for (const file of build.files) {
    lines.push(`  ${file.filename}  ${formatSize(file.sizeBytes)}`);
    if (file.grafted.length > 0) lines.push(`  grafted into it: ${formatLibraries(file.grafted)}`);
    if (file.cpu !== undefined) lines.push(`  it may need a processor of the level ${file.cpu}`);
    if (file.needs.length > 0) lines.push(`  the image must bring: ${file.needs.join(', ')}`);
  }
  const attempt = build.attempts.at(-1);
  if (build.status === 'succeeded' && attempt !== undefined) lines.push(`  ${formatPhases(attempt)}`);
  if (build.status === 'failed') lines.push(...reportFailure(build).map((line) => `  ${line}`));
  lines.push(...build.warnings.map((warning) => `  warning: ${warning}`));
  return lines;
}

/** The state of a build in a few words, e.g. `running: build`, `failed: missing-header`. */
export function outcomeOf(build: Build): string {
  const attempt = build.attempts.at(-1);
  if (build.status === 'running' && attempt?.phase !== undefined) return `running: ${attempt.phase}`;
  if (build.status === 'failed' && attempt?.failure !== undefined) return `failed: ${attempt.failure.class}`;
  if (build.status === 'succeeded' && attempt === undefined) return 'succeeded by a wheel that serves this target too';
  return build.status;
}

function reportFailure(build: Build): string[] {
  const attempt = build.attempts.at(-1);
  const failure = attempt?.failure;
  const log = `the whole log: ./wheelwright logs ${build.id}`;
  if (failure === undefined) {
    const reason =
      build.needs.length > 0
        ? `a build that it needs failed: ${build.needs.join(', ')}`
        : 'no attempt of it came to an end';
    return [reason, log];
  }
  const place = failure.lineNumber > 0 ? `line ${failure.lineNumber}: ` : '';
  return [
    ...(failure.line === '' ? [] : [`${place}${failure.line.trim()}`]),
    failure.cause,
    ...reportProposal(failure.proposal),
    log,
  ];
}

/** A proposed change of the recipe, as the lines to write into it. */
export function reportProposal(proposal: { edit: Record<string, unknown>; why: string } | undefined): string[] {
  if (proposal === undefined) return [];
  const yaml = stringify(proposal.edit).trimEnd().split('\n');
  return [`put into the recipe (${proposal.why}):`, ...yaml.map((line) => `    ${line}`)];
}

/** The line that installs what was built. */
export function pipLine(indexUrl: string, builds: readonly Build[]): string {
  const trial = builds.some(({ channel }) => channel === 'trial') ? '/trial' : '';
  const projects = [...new Set(builds.map(({ project }) => project))];
  return `pip install --index-url ${indexUrl}${trial}/simple/ ${projects.join(' ')}`.trimEnd();
}

import type { AttemptInput } from '../core/attempt.js';
import type { Failure, Proposal } from '../core/failure.js';
import { enrichProposal, type PackageIndex } from '../core/package-index.js';
import { regenerates, withAbsentSource, withoutShortcuts } from '../core/sdist-generated.js';
import { headerIdea, mayInclude, withHeadersOfTool } from '../core/sdist-headers.js';
import { compiledElsewhere, ownModule, sdistIdeas } from '../core/sdist-ideas.js';
import { tellsFurther, withFurtherIncludes } from '../core/sdist-includes.js';
import { emptyLibpython } from '../core/sdist-libpython.js';
import { isOldWord, mayHoldOldWords, withOtherOldWords } from '../core/sdist-old-words.js';
import { mayHoldSwitches } from '../core/sdist-switches.js';
import type { SdistText } from '../core/sdist-text.js';
import type { AttemptLog } from './attempt-log.js';
import { orUnchanged } from './or-unchanged.js';

/** The failure with a proposal to install what the build missed, by the distribution's own index of contents; as it is where that cannot be had. */
export async function explainMissing(
  failure: Failure,
  index: PackageIndex | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  const { missing = [], proposal } = failure;
  if (index === undefined || missing.length === 0 || proposal !== undefined) return failure;
  const names = missing.map(({ name }) => name).join(', ');
  // The first time the distribution's index is fetched, which takes longer than the build did.
  log.say(`looking up which package has ${names}`);
  return orUnchanged(failure, `which package has ${names} could not be looked up`, log, signal, async () => {
    const enriched = await enrichProposal(failure, index, signal);
    if (enriched.proposal !== undefined) log.say(`proposed: ${enriched.proposal.why}`);
    return enriched;
  });
}

/** Reads the texts of the attempt's sdist that are wanted, by their path. */
export type ReadSdist = (wanted: (path: string) => boolean) => Promise<SdistText[]>;

/**
 * The failure with what the sdist itself offers, where nothing better is known.
 * @param read undefined where the sdist was not had
 * @param installed the system packages that the build had
 */
export async function addSdistIdeas(
  seen: Failure,
  read: ReadSdist | undefined,
  installed: readonly AttemptInput[],
  index: PackageIndex | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  if (read === undefined) return seen;
  if (seen.phase === 'repair') return addCompiledElsewhere(seen, read, log, signal);
  // What was built is beyond the reach of its sources.
  if (seen.phase !== 'fetch' && seen.phase !== 'build') return seen;
  const failure = isOldWord(seen) ? await addOldWords(seen, read, log, signal) : seen;
  if (failure.proposal !== undefined && !failure.proposal.guess)
    return addIncludes(failure, read, installed, index, log, signal);
  return orUnchanged(failure, 'what the sdist itself offers could not be read', log, signal, async () => {
    const paths: string[] = [];
    const texts = await read((path) => {
      paths.push(path);
      return mayHoldSwitches(path) || mayInclude(path);
    });
    const sources = texts.filter(({ path }) => mayInclude(path));
    const headers = index && (await headerIdea(failure, sources, isOwn(paths), index, signal));
    const switches = sdistIdeas(
      failure,
      texts.filter(({ path }) => mayHoldSwitches(path)),
      paths,
    );
    const own = ownModule(failure, paths);
    if (own !== undefined) {
      log.say(`proposed: ${own.why}`);
      return { ...failure, cause: `The build does not find a module of its own: ${own.why}.`, proposal: own };
    }
    const absent = withAbsentSource(failure, paths);
    if (absent.class !== failure.class) return absent;
    const ideas = [
      ...(failure.ideas ?? []),
      emptyLibpython(failure, sources),
      ...switches,
      withoutShortcuts(failure, sources, paths),
      headers,
    ].filter((idea) => idea !== undefined);
    const asked = withBetter(absent, ideas, paths);
    for (const { why } of asked.ideas ?? []) log.say(`may help: ${why}`);
    return asked;
  });
}

async function addCompiledElsewhere(
  failure: Failure,
  read: ReadSdist,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  if (failure.class !== 'repair-refused' || failure.proposal !== undefined) return failure;
  return orUnchanged(failure, 'what the sdist brings could not be read', log, signal, async () => {
    const paths: string[] = [];
    await read((path) => paths.push(path) < 0);
    const proposal = compiledElsewhere(failure, paths);
    if (proposal === undefined) return failure;
    log.say(`proposed: ${proposal.why}`);
    return { ...failure, proposal };
  });
}

async function addOldWords(
  failure: Failure,
  read: ReadSdist,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  return orUnchanged(failure, 'what else the sdist has of older times could not be read', log, signal, async () => {
    const all = withOtherOldWords(failure, await read(mayHoldOldWords));
    if (all !== failure) log.say(`proposed: ${all.proposal?.why}`);
    return all;
  });
}

/** What the sources include besides, of which the compiler has not come to speak. */
async function addIncludes(
  failure: Failure,
  read: ReadSdist,
  installed: readonly AttemptInput[],
  index: PackageIndex | undefined,
  log: Pick<AttemptLog, 'say'>,
  signal: AbortSignal,
): Promise<Failure> {
  const isTool = failure.class === 'missing-tool';
  if (index === undefined || !(isTool || failure.class === 'missing-header' || failure.class === 'missing-library'))
    return failure;
  return orUnchanged(failure, 'what the sdist includes besides could not be read', log, signal, async () => {
    const paths: string[] = [];
    const texts = await read((path) => {
      paths.push(path);
      return isTool ? mayInclude(path) : tellsFurther(failure, path);
    });
    const names = new Set(installed.map(({ name }) => name));
    const all = isTool
      ? await withHeadersOfTool(failure, texts, isOwn(paths), index, signal)
      : await withFurtherIncludes(failure, texts, paths, names, index, signal);
    if (all !== failure) log.say(`proposed: ${all.proposal?.why}`);
    return all;
  });
}

function isOwn(paths: readonly string[]): (header: string) => boolean {
  return (header) => paths.some((path) => path === header || path.endsWith(`/${header}`));
}

/** A library that only lies there is seldom taken in place of a download: what also asks for it is proposed first. So it is with code that can be generated anew in place of being rewritten. */
function withBetter(failure: Failure, ideas: readonly Proposal[], paths: readonly string[]): Failure {
  const { proposal } = failure;
  const better =
    proposal &&
    ideas.find((idea) =>
      failure.class === 'network-needed' ? goesBeyond(proposal)(idea) : regenerates(failure, idea, paths),
    );
  if (proposal !== undefined && better !== undefined) {
    return { ...failure, proposal: better, ideas: [proposal, ...ideas.filter((idea) => idea !== better)] };
  }
  return ideas.length === 0 ? failure : { ...failure, ideas: [...ideas] };
}

function goesBeyond({ edit }: Proposal): (idea: Proposal) => boolean {
  const wanted = Object.entries(edit);
  return (idea) =>
    Object.keys(idea.edit).length > wanted.length &&
    wanted.every(([key, value]) => JSON.stringify(idea.edit[key]) === JSON.stringify(value));
}

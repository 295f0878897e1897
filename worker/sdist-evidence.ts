import type { Failure, Proposal } from '../core/failure.js';
import { freedForProposal } from '../core/sdist-bounds.js';
import { regenerates, withAbsentSource, withoutShortcuts } from '../core/sdist-generated.js';
import { headerIdea, mayInclude, withHeadersOfTool } from '../core/sdist-headers.js';
import { compiledElsewhere, ownModule, sdistIdeas } from '../core/sdist-ideas.js';
import { tellsFurther, withFurtherIncludes } from '../core/sdist-includes.js';
import { emptyLibpython } from '../core/sdist-libpython.js';
import { isOldWord, mayHoldOldWords, withOtherOldWords } from '../core/sdist-old-words.js';
import { mayHoldSwitches } from '../core/sdist-switches.js';
import { type Evidence, lookFurther } from './evidence.js';

type SdistEvidence = Evidence & Required<Pick<Evidence, 'readSdist'>>;

/** The failure with what the sdist itself offers, where nothing better is known. */
export async function withSdistIdeas(seen: Failure, evidence: Evidence): Promise<Failure> {
  const { readSdist } = evidence;
  if (readSdist === undefined) return seen;
  const known = { ...evidence, readSdist };
  if (seen.phase === 'repair') return withoutCompiledElsewhere(seen, known);
  // What was built is beyond the reach of its sources.
  if (seen.phase !== 'fetch' && seen.phase !== 'build') return seen;
  const failure = isOldWord(seen) ? await withOldWords(seen, known) : seen;
  return failure.proposal !== undefined && !failure.proposal.guess
    ? withIncludes(failure, known)
    : withIdeas(failure, known);
}

async function withIdeas(failure: Failure, evidence: SdistEvidence): Promise<Failure> {
  const { index, signal } = evidence;
  return lookFurther(failure, 'what the sdist itself offers could not be read', evidence, async () => {
    const { paths, texts } = await readSdist(evidence, (path) => mayHoldSwitches(path) || mayInclude(path));
    const sources = texts.filter(({ path }) => mayInclude(path));
    const headers = index && (await headerIdea(failure, sources, isOwn(paths), index, signal));
    const switches = sdistIdeas(
      failure,
      texts.filter(({ path }) => mayHoldSwitches(path)),
      paths,
    );
    const own = ownModule(failure, paths);
    if (own !== undefined)
      return { ...failure, cause: `The build does not find a module of its own: ${own.why}.`, proposal: own };
    const absent = withAbsentSource(failure, paths);
    if (absent.class !== failure.class) return absent;
    const freed = freedForProposal(absent, texts);
    const ideas = [
      ...(failure.ideas ?? []),
      emptyLibpython(failure, sources),
      ...switches,
      withoutShortcuts(failure, sources, paths),
      headers,
    ].filter((idea) => idea !== undefined);
    return withBetter(freed === undefined ? absent : { ...absent, proposal: freed }, ideas, paths);
  });
}

/** Reads the texts that are wanted; `paths` are those of all files of the sdist. */
async function readSdist({ readSdist }: SdistEvidence, wanted: (path: string) => boolean) {
  const paths: string[] = [];
  const texts = await readSdist((path) => {
    paths.push(path);
    return wanted(path);
  });
  return { paths, texts };
}

async function withoutCompiledElsewhere(failure: Failure, evidence: SdistEvidence): Promise<Failure> {
  if (failure.class !== 'repair-refused' || failure.proposal !== undefined) return failure;
  return lookFurther(failure, 'what the sdist brings could not be read', evidence, async () => {
    const { paths } = await readSdist(evidence, () => false);
    const proposal = compiledElsewhere(failure, paths);
    return proposal === undefined ? failure : { ...failure, proposal };
  });
}

async function withOldWords(failure: Failure, evidence: SdistEvidence): Promise<Failure> {
  return lookFurther(failure, 'what else the sdist has of older times could not be read', evidence, async () =>
    withOtherOldWords(failure, await evidence.readSdist(mayHoldOldWords)),
  );
}

/** What the sources include besides, of which the compiler has not come to speak. */
async function withIncludes(failure: Failure, evidence: SdistEvidence): Promise<Failure> {
  const { installed, index, signal } = evidence;
  const isTool = failure.class === 'missing-tool';
  if (index === undefined || !(isTool || failure.class === 'missing-header' || failure.class === 'missing-library'))
    return failure;
  return lookFurther(failure, 'what the sdist includes besides could not be read', evidence, async () => {
    const { paths, texts } = await readSdist(evidence, isTool ? mayInclude : (path) => tellsFurther(failure, path));
    const names = new Set(installed.map(({ name }) => name));
    return isTool
      ? withHeadersOfTool(failure, texts, isOwn(paths), index, signal)
      : withFurtherIncludes(failure, texts, paths, names, index, signal);
  });
}

function isOwn(paths: readonly string[]): (header: string) => boolean {
  return (header) => paths.some((path) => path === header || path.endsWith(`/${header}`));
}

/** A library that only lies there is seldom taken in place of a download: what also asks for it is proposed first. So it is with code that can be generated anew in place of being rewritten, and with what rewrites more of it. */
function withBetter(failure: Failure, ideas: readonly Proposal[], paths: readonly string[]): Failure {
  const { proposal } = failure;
  const better =
    proposal &&
    ideas.find((idea) =>
      failure.class === 'network-needed'
        ? goesBeyond(proposal)(idea)
        : regenerates(failure, idea, paths) || rewritesMore(proposal, idea),
    );
  if (proposal !== undefined && better !== undefined) {
    return { ...failure, proposal: better, ideas: [proposal, ...ideas.filter((idea) => idea !== better)] };
  }
  return ideas.length === 0 ? failure : { ...failure, ideas: [...ideas] };
}

/** What generated code asks for has the rewriting of code in general at its end. */
function rewritesMore({ edit }: Proposal, idea: Proposal): boolean {
  const [own, other] = [edit['prepare'], idea.edit['prepare']];
  return typeof own === 'string' && typeof other === 'string' && other.length > own.length && other.endsWith(own);
}

function goesBeyond({ edit }: Proposal): (idea: Proposal) => boolean {
  const wanted = Object.entries(edit);
  return (idea) =>
    Object.keys(idea.edit).length > wanted.length &&
    wanted.every(([key, value]) => JSON.stringify(idea.edit[key]) === JSON.stringify(value));
}

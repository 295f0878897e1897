import type { Failure, MissingPart } from './failure.js';

/** The distribution's own knowledge of which package holds which file. */
export interface PackageIndex {
  /** Packages that hold the part under the name it was asked for, best first; empty where none does. */
  whoHas(part: MissingPart, signal: AbortSignal): Promise<PackageMatch[]>;
  /** Whether the distribution has a package of that name. */
  hasPackage(name: string, signal: AbortSignal): Promise<boolean>;
}

export interface PackageMatch {
  package: string;
  /** Path of the file in the image, without the leading slash; empty where a package was asked for by its name. */
  path: string;
  /** The file lies where compilers and tools look by themselves, and nothing else is as good. */
  certain: boolean;
  /** Known by a likeness of names only. */
  byName?: true;
}

/** Other packages than the best to try, where it is not certain that the best is meant. */
const MAX_OTHERS = 2;

/**
 * A failure with a proposal to install the packages that hold what was missing, as far as the index knows them; with a cause that says so where it has none.
 * A failure that already has a proposal, or misses nothing, comes back as it is.
 */
export async function enrichProposal(failure: Failure, index: PackageIndex, signal: AbortSignal): Promise<Failure> {
  const { missing = [], proposal } = failure;
  if (proposal !== undefined || missing.length === 0) return failure;
  const found: PackageMatch[] = [];
  const others: PackageMatch[] = [];
  const lacking: string[] = [];
  for (const part of missing) {
    const [best, ...rest] = await matchesOf(part, index, signal);
    if (best === undefined) {
      lacking.push(describe(part));
      continue;
    }
    if (!found.some((other) => other.package === best.package)) found.push(best);
    if (!best.certain && missing.length === 1) others.push(...rest.slice(0, MAX_OTHERS));
  }
  const cause =
    lacking.length === 0
      ? failure.cause
      : `${failure.cause} No package of the distribution has ${lacking.join(', ')}: the library there is older than this release needs, or it must come from another source, or the project must be told to do without.`;
  if (found.length === 0) return { ...failure, cause };
  const packages = found.map((match) => match.package);
  const where = failure.class === 'missing-in-clean-image' ? 'runtime' : 'system';
  return {
    ...failure,
    cause,
    proposal: {
      edit: { [where]: { apt: packages } },
      why: found.map(whyOf).join('; '),
      ...(lacking.length === 0 && found.every((match) => match.certain) ? {} : { guess: true as const }),
    },
    ...(others.length === 0
      ? {}
      : {
          ideas: others.map((match) => ({
            edit: { [where]: { apt: [match.package] } },
            why: whyOf(match),
            guess: true as const,
          })),
        }),
  };
}

function whyOf({ package: name, path, byName }: PackageMatch): string {
  if (byName) return `${name} is a development package of that name`;
  return path === '' ? `the build itself advises ${name}` : `${name} has /${path}`;
}

/** The packages that may be meant, best first. */
async function matchesOf(part: MissingPart, index: PackageIndex, signal: AbortSignal): Promise<PackageMatch[]> {
  const named = part.kind === 'cmake' || part.kind === 'library' || part.kind === 'pkg-config';
  for (const name of [part.name, ...(part.or ?? [])]) {
    const matches = await index.whoHas({ kind: part.kind, name }, signal);
    const [best] = matches;
    if (best === undefined) continue;
    // A program of the name where a library was looked for: its development package may call all its files otherwise.
    const library =
      named && /(?:^|\/)s?bin\//.test(best.path) ? await developmentPackage(name, index, signal) : undefined;
    if (library !== undefined) return [library, ...matches];
    return part.loose ? matches.map((match) => ({ ...match, certain: false })) : matches;
  }
  const link = await linkedFolder(part, index, signal);
  if (link.length > 0) return link;
  const project = projectOf(part);
  const matches = project === undefined ? [] : await index.whoHas({ kind: 'cmake', name: project }, signal);
  if (matches.length > 0) return matches.map((match) => ({ ...match, certain: false }));
  const library = named ? await developmentPackage(part.name, index, signal) : undefined;
  return library === undefined ? [] : [library];
}

/** `mysql/mysql.h` is no file where `usr/include/mysql` is a link to the folder that has it; an index of contents lists links and no folders. */
async function linkedFolder({ kind, name }: MissingPart, index: PackageIndex, signal: AbortSignal) {
  const folder = kind === 'header' ? /^([^/]+)\//.exec(name)?.[1] : undefined;
  if (folder === undefined) return [];
  const matches = await index.whoHas({ kind, name: folder }, signal);
  return matches.filter(({ path }) => path === `usr/include/${folder}`).map((match) => ({ ...match, certain: false }));
}

async function developmentPackage(
  library: string,
  index: PackageIndex,
  signal: AbortSignal,
): Promise<PackageMatch | undefined> {
  const bare = library.toLowerCase().replace(/^lib/, '');
  for (const name of [`lib${bare}-dev`, `${bare}-dev`]) {
    if (await index.hasPackage(name, signal)) return { package: name, path: '', certain: false, byName: true };
  }
  return undefined;
}

/** By what a part that no file is called may be found otherwise. */
function projectOf({ kind, name }: MissingPart): string | undefined {
  switch (kind) {
    // foo-config goes out of use: distributions drop it and keep foo.pc.
    case 'tool':
      return /^(.+)[-_]config$/.exec(name)?.[1];
    // A name in a sentence need not be a file's: zlib is libz.so and zlib.pc.
    case 'library':
    case 'pkg-config':
      return name;
    default:
      return undefined;
  }
}

const WORD: Readonly<Record<MissingPart['kind'], string>> = {
  header: 'the header',
  library: 'the library',
  soname: 'the library',
  'pkg-config': 'a pkg-config file for',
  cmake: 'CMake configuration for',
  tool: 'the program',
  package: 'the name',
};

function describe({ kind, name, or = [] }: MissingPart): string {
  return `${WORD[kind]} ${[name, ...or].join(' or ')}`;
}

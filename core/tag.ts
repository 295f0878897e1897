// Which wheels an interpreter on a platform takes, and in which order.
// https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/
import type { Target } from './build.js';
import { WheelwrightError } from './errors.js';
import { expandTags, type WheelName, wheelNameOf } from './wheel-name.js';

/** The part of a build target that decides which wheels fit it. */
export type TagTarget = Pick<Target, 'python' | 'policy' | 'arch'>;

/** Names that policies had before PEP 600. */
const LEGACY_POLICIES: Readonly<Record<string, string>> = {
  manylinux_2_17: 'manylinux2014',
  manylinux_2_12: 'manylinux2010',
  manylinux_2_5: 'manylinux1',
};

/** The first CPython 3 with the stable ABI. */
const FIRST_ABI3 = 2;

/** Glibc 2.5 (manylinux1) on Intel; the other architectures began with manylinux2014. */
function oldestGlibcMinor(arch: string): number {
  return arch === 'x86_64' || arch === 'i686' ? 5 : 17;
}

/** The policy by its PEP 600 name: `manylinux_2_17` for `manylinux2014`. */
export function canonicalPolicy(policy: string): string {
  return Object.entries(LEGACY_POLICIES).find(([, legacy]) => legacy === policy)?.[0] ?? policy;
}

/**
 * Every tag that the target takes, best first, as pip orders them. `linux_<arch>` is left out although pip takes it: it does not say which glibc it needs, so no
 * promise can rest on it.
 * @throws WheelwrightError `invalid` for an interpreter or policy that cannot be read.
 */
export function tagOrder(target: TagTarget): string[] {
  const { minor, threaded } = parseInterpreter(target.python);
  const platforms = platformOrder(target.policy, target.arch);
  const own = `cp3${minor}`;
  const tags: string[] = [];
  const add = (python: string, abi: string, on: readonly string[]) => {
    for (const platform of on) tags.push(`${python}-${abi}-${platform}`);
  };
  add(own, threaded ? `${own}t` : own, platforms);
  // A free-threaded interpreter has another layout of objects and loads no abi3 module (PEP 703).
  if (!threaded) add(own, 'abi3', platforms);
  add(own, 'none', platforms);
  if (!threaded) {
    for (let older = minor - 1; older >= FIRST_ABI3; older--) add(`cp3${older}`, 'abi3', platforms);
  }
  const generic = [`py3${minor}`, 'py3', ...Array.from({ length: minor }, (_, n) => `py3${minor - 1 - n}`)];
  for (const python of generic) add(python, 'none', platforms);
  add(own, 'none', ['any']);
  for (const python of generic) add(python, 'none', ['any']);
  return tags;
}

/** True when pip on the target would install the wheel. False for what is not the file name of a wheel. */
export function wheelServesTarget(filename: string, target: TagTarget): boolean {
  const name = wheelNameOf(filename);
  if (name === undefined) return false;
  const supported = tagsOf(target);
  return expandTags(name).some((tag) => supported.has(tag));
}

/**
 * One more than the highest build number (PEP 427) among those of the names that a wheel for the target could have; a name without one counts as 0.
 * Undefined where there is none.
 */
export function nextBuildNumber(filenames: readonly string[], target: TagTarget): number | undefined {
  const numbers = filenames.flatMap((filename) => {
    const name = wheelNameOf(filename);
    if (name === undefined || !wheelServesTarget(filename, target)) return [];
    const couldBeIts = name.platforms.some((tag) => tag === 'any' || tag === `${target.policy}_${target.arch}`);
    return couldBeIts ? [name.buildTag?.number ?? 0] : [];
  });
  return numbers.length === 0 ? undefined : Math.max(...numbers) + 1;
}

/** More targets than any installation has. */
const MAX_KEPT_TARGETS = 200;
const keptTags = new Map<string, ReadonlySet<string>>();

/** What {@link tagOrder} gives, a thousand tags, is put together once for each target. */
function tagsOf(target: TagTarget): ReadonlySet<string> {
  const key = `${target.python} ${target.policy} ${target.arch}`;
  const kept = keptTags.get(key);
  if (kept !== undefined) return kept;
  if (keptTags.size >= MAX_KEPT_TARGETS) keptTags.clear();
  const tags = new Set(tagOrder(target));
  keptTags.set(key, tags);
  return tags;
}

/** Place of the wheel's best tag in {@link tagOrder}, smaller is better; undefined when the target does not take it. `order` is a result of tagOrder. */
export function tagRank(name: WheelName, order: ReadonlyMap<string, number>): number | undefined {
  const ranks = expandTags(name).flatMap((tag) => order.get(tag) ?? []);
  return ranks.length === 0 ? undefined : Math.min(...ranks);
}

/**
 * How far one wheel reaches: `pure` any Python 3 anywhere; `platform` native, but for any interpreter (`py3-none-manylinux…`); `abi3` its own and newer
 * interpreters; `exact` one interpreter.
 */
export type Reach = 'pure' | 'platform' | 'abi3' | 'exact';

export function wheelReach(name: Pick<WheelName, 'pythons' | 'abis' | 'platforms'>): Reach {
  if (name.abis.includes('abi3')) return 'abi3';
  const generic = name.abis.includes('none') && name.pythons.some((python) => /^py\d/.test(python));
  if (!generic) return 'exact';
  return name.platforms.includes('any') ? 'pure' : 'platform';
}

const KNOWN_PLATFORM = new RegExp(
  [
    'any',
    'win32|win_(amd64|arm64)',
    'manylinux1_(x86_64|i686)|manylinux2010_(x86_64|i686)|manylinux2014_\\w+',
    '(manylinux|musllinux)_\\d+_\\d+_\\w+',
    'macosx_\\d+_\\d+_\\w+',
    '(ios|android|pyodide|emscripten)_\\w+',
  ]
    .map((form) => `^(${form})$`)
    .join('|'),
);

/** Whether an index may offer the platform tag; `linux_x86_64` and its like may not, since they name no glibc. */
export function isPublishablePlatform(platform: string): boolean {
  return KNOWN_PLATFORM.test(platform);
}

function platformOrder(policy: string, arch: string): string[] {
  const [, libc, major, minorText] = /^(manylinux|musllinux)_(\d+)_(\d+)$/.exec(canonicalPolicy(policy)) ?? [];
  if (libc === undefined) {
    throw new WheelwrightError('invalid', `${JSON.stringify(policy)} is not a platform policy`, {
      hint: 'Policies are written manylinux_2_31 (glibc 2.31) or musllinux_1_2.',
    });
  }
  const oldest = libc === 'manylinux' ? oldestGlibcMinor(arch) : 0;
  const platforms: string[] = [];
  for (let minor = Number(minorText); minor >= oldest; minor--) {
    const name = `${libc}_${major}_${minor}`;
    platforms.push(`${name}_${arch}`);
    const legacy = LEGACY_POLICIES[name];
    if (legacy !== undefined) platforms.push(`${legacy}_${arch}`);
  }
  return platforms;
}

function parseInterpreter(python: string): { minor: number; threaded: boolean } {
  const [, minor, threaded] = /^cp3(\d{1,3})(t?)$/.exec(python) ?? [];
  if (minor === undefined) {
    throw new WheelwrightError('invalid', `${JSON.stringify(python)} is not an interpreter tag of CPython 3`, {
      hint: 'Interpreters are written cp313, or cp314t for the free-threaded build.',
    });
  }
  return { minor: Number(minor), threaded: threaded === 't' };
}

// Whether a wheel's platform tag is true, and what the wheel brings and needs.
import { WheelwrightError } from '../../core/errors.js';
import { canonicalPolicy } from '../../core/tag.js';
import { type ElfFacts, readElf } from './elf.js';
import type { ZipArchive } from './zip-archive.js';
import type { ZipEntry } from './zip-framing.js';

export interface WheelLinkage {
  /** Sonames of libraries that were put into the wheel (auditwheel's `.libs` folder), sorted. */
  grafted: string[];
  /** Sonames that the system must bring, glibc's own aside; sorted. */
  needs: string[];
}

const MACHINES: Readonly<Record<string, number>> = {
  i686: 3,
  ppc64le: 21,
  s390x: 22,
  armv7l: 40,
  x86_64: 62,
  aarch64: 183,
  riscv64: 243,
  loongarch64: 258,
};
/** What glibc itself consists of. */
const GLIBC_PART =
  /^(lib(c|m|dl|rt|pthread|util|resolv|anl|mvec|BrokenLocale|nss_\w+|thread_db)\.so\.\d+|ld-linux\S*|ld64\.so\.\d+|linux-vdso\S*)$/;

/**
 * Reads the dynamic sections of the native files of a wheel.
 * @param platforms of the file name. Where one is a manylinux tag, no file of its architecture may ask for a newer glibc.
 * @throws WheelwrightError `invalid` for a tag that promises too much.
 */
export async function checkLinkage(
  archive: ZipArchive,
  natives: readonly ZipEntry[],
  platforms: readonly string[],
): Promise<WheelLinkage> {
  const policies = platforms.flatMap(manylinuxOf);
  const grafted = new Set<string>();
  const inside = new Set<string>();
  const needed = new Set<string>();
  for (const entry of natives) {
    const facts = await readElf((offset, length) => archive.piece(entry, offset, length));
    if (facts === undefined) continue;
    const file = entry.name.slice(entry.name.lastIndexOf('/') + 1);
    inside.add(file);
    if (facts.soname !== undefined) inside.add(facts.soname);
    if (/\.libs\/[^/]+$/.test(entry.name)) grafted.add(facts.soname ?? file);
    // Files for other machines are data, such as loaders that a debugger injects.
    if (policies.length > 0 && !policies.some(({ machine }) => machine === facts.machine)) continue;
    for (const soname of facts.needed) needed.add(soname);
    const minor = newestGlibc(facts);
    const tooOld = policies.find((policy) => policy.machine === facts.machine && policy.glibcMinor < minor);
    if (tooOld !== undefined) {
      throw new WheelwrightError(
        'invalid',
        `${entry.name} needs glibc 2.${minor}, which the tag ${tooOld.platform} does not promise`,
        {
          hint: 'It was built on a newer system than its tag says. Build it on an image of that policy, and let `auditwheel repair` choose the tag.',
        },
      );
    }
  }
  return {
    grafted: [...grafted].sort(),
    needs: [...needed].filter((soname) => !inside.has(soname) && !GLIBC_PART.test(soname)).sort(),
  };
}

function manylinuxOf(platform: string): { platform: string; machine: number; glibcMinor: number }[] {
  const [, policy, arch] = /^(manylinux(?:1|2010|2014|_\d+_\d+))_(\w+)$/.exec(platform) ?? [];
  const minor = /^manylinux_2_(\d+)$/.exec(canonicalPolicy(policy ?? ''))?.[1];
  const machine = MACHINES[arch ?? ''];
  return minor === undefined || machine === undefined ? [] : [{ platform, machine, glibcMinor: Number(minor) }];
}

function newestGlibc({ symbolVersions }: ElfFacts): number {
  const minors = symbolVersions.flatMap((version) => /^GLIBC_2\.(\d+)/.exec(version)?.[1] ?? []);
  return Math.max(0, ...minors.map(Number));
}

import type { ImageRefusal } from '../../core/engine.js';
import { WheelwrightError } from '../../core/errors.js';

/** The mirror or the network failed, not the recipe: trying again may help. */
const INFRASTRUCTURE =
  /Temporary failure resolving|Could not resolve|Could not connect|Connection (failed|timed out|refused)|Failed to fetch|Unable to fetch some archives|index files failed to download|Certificate verification failed|No space left on device/;

/** In this order: the earliest line says what is wrong, later ones only that something is. */
const DECISIVE: readonly { line: RegExp; cause: (match: RegExpMatchArray, image: string) => string }[] = [
  {
    line: /^E: Unable to locate package (\S+)/m,
    cause: ([, name], image) =>
      `${image} has no package ${name}. Names differ between releases of a distribution: look for one there that has the header or library in question.`,
  },
  {
    line: /^E: Package '(\S+)' has no installation candidate/m,
    cause: ([, name], image) =>
      `${image} only knows ${name} as a name that other packages stand for: name one of those.`,
  },
  {
    line: /^ *\S+ : (Depends|Conflicts|Breaks|PreDepends): .*/m,
    cause: (_match, image) => `these packages cannot be installed together in ${image}.`,
  },
  {
    line: /^(Error: )?Unable to find a match: (.+)$/m,
    cause: (match, image) => `${image} has no package ${match[2]}.`,
  },
  { line: /^E: .*/m, cause: (_match, image) => `the package manager of ${image} refused the packages.` },
];

const PACKAGE_GONE = /^E: Failed to fetch \S+\/([^/\s_]+)_[^/\s]*\.deb +(?:404|410) .*/m;

/**
 * The package that the mirror lists and does not hold, whose other versions were looked for already (families/debian/install-packages); undefined where that is not
 * what failed. Unlike with a mirror that does not answer, no try later on finds it, where another package may do.
 */
export function packageGone(log: string): { name: string; line: string } | undefined {
  const gone = PACKAGE_GONE.exec(log);
  if (gone === null) return undefined;
  return { name: (gone[1] ?? '').replaceAll(/%2b/gi, '+'), line: gone[0].trim() };
}

/**
 * What the log of a failed installation says about the recipe's packages.
 * @throws WheelwrightError `unavailable` when it was the mirror, the network or the disk, and trying again may help.
 */
export function refusalOf(log: string, image: string): ImageRefusal {
  const gone = packageGone(log);
  if (gone !== undefined) {
    const cause = `The mirror that ${image} takes packages from lists ${gone.name} and does not hold it, also in lists that were fetched anew, so nothing that needs it can be installed. Another package may do; else ask for the build again once the mirror is whole, or make ${image} from another one (docs/images.md, "Another mirror").`;
    return { kind: 'refused', class: 'infrastructure', log, line: gone.line, cause };
  }
  const outage = log.split('\n').find((line) => INFRASTRUCTURE.test(line));
  if (outage !== undefined) {
    throw new WheelwrightError('unavailable', `installing packages into ${image} failed: ${outage.trim()}`, {
      hint: 'The mirror that the image was made from must be reached from the engine; its CA must be in WHEELWRIGHT_CA_BUNDLE.',
    });
  }
  for (const { line, cause } of DECISIVE) {
    const match = line.exec(log);
    if (match) return refuse(match[0].trim(), cause(match, image), log);
  }
  const last = log.trimEnd().split('\n').at(-1) ?? '';
  return refuse(last, `installing the packages into ${image} failed.`, log);
}

/**
 * What a source package of an image is refused for that no later try brings back: a file that the mirror lists and does not have, or one that image.yaml names and
 * that has gone or changed (families/debian/fetch-source says so). Lists that cannot be had are none of that: a mirror lacks them while it is updated.
 */
const SOURCE_GONE =
  /^E: (?:Failed to fetch \S+\.(?:dsc|tar\.\w+) +404 .*|Unable to find a source package for .*|\S+ no longer has .*|\S+ has the sha256 .*)/m;

/** The refusal of an interpreter whose source has gone; undefined where trying again may help. */
export function sourceRefusal(log: string, image: string, interpreter: string): ImageRefusal | undefined {
  const line = SOURCE_GONE.exec(log)?.[0].trim();
  if (line === undefined) return undefined;
  const cause = `The mirror does not have the source that ${image} compiles ${interpreter} from, so nothing can be built for it. Name one that is there in image.yaml, or make the image from a mirror that has it (docs/images.md, "Another mirror").`;
  return { kind: 'refused', class: 'infrastructure', log, line, cause };
}

/** A refusal of what a recipe asks for; its line is the whole log where no command had to be run for it. */
export function refuse(line: string, cause: string, log = `${line}\n`): ImageRefusal {
  return { kind: 'refused', class: 'system-package', log, line, cause };
}

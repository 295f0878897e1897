import type { Rule } from '../rule.js';

/** What uv and pip say when requirements cannot be had. */
export const requirementRules: readonly Rule[] = [
  {
    match: /Could not find a version that satisfies the requirement (\S+) ?(?:\(from versions: ([^)]*)\))?/,
    weight: 'requirement',
    class: 'no-sdist',
    cause: 'The index has no source archive of {1}: the project publishes wheels only, or does not exist.',
    refine([, name = '', versions = ''], { installingRequirements }) {
      if (installingRequirements) {
        return {
          class: 'build-requirement',
          cause: `No wheel satisfies the build requirement ${name}: it has none for this interpreter, or no such version.`,
        };
      }
      return versions === 'none'
        ? {}
        : {
            class: 'bad-request',
            cause: `The index has no version that ${name} asks for. It has: ${versions.slice(0, 200)}`,
          };
    },
  },
  {
    match: /No matching distribution found for (\S+)/,
    weight: 'exception',
    class: 'no-sdist',
    cause: 'The index has nothing that satisfies {1}.',
    refine: (_match, { installingRequirements }) => (installingRequirements ? { class: 'build-requirement' } : {}),
  },
  {
    match: /No solution found when resolving/,
    weight: 'exception',
    class: 'build-requirement',
    cause:
      'The build requirements cannot be had together as wheels: the lines below say which of them contradict or have no wheel.',
  },
  {
    match:
      /Because (.+) (?:was not found in the package registry|has no wheels|cannot be used|depends on|needs to be (?:built|downloaded))/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The build requirements cannot be had together as wheels: {1} is where it ends.',
  },
  {
    match: /ResolutionImpossible|Cannot install (.+?) because these package versions have conflicting dependencies/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'The build requirements contradict each other, or a constraint contradicts an exact pin of the project. Replacing its requirements helps.',
  },
  {
    match:
      /(?:requires a different Python|Requires-Python|requires-python).*?(?:not in ['"]?([^'"]+)['"]?|([<>]=?\s*3[\d.]*))/,
    weight: 'exception',
    class: 'python-too-new',
    cause: 'The release does not declare this Python as supported ({1}{2}).',
    refine: ([line]) =>
      /^\s*(?:Requires-Python|requires-python|Link requires|.*Ignored the following)\b/.test(line) ? 'ignore' : {},
  },
  {
    match: /^E: Unable to locate package (\S+)|^E: Package ['"](\S+)['"] has no installation candidate/,
    weight: 'requirement',
    class: 'system-package',
    cause: 'The distribution of the image has no package {1}{2}: it has another name there, or is not in this suite.',
  },
  {
    match: /^E: (?:Failed to fetch|Unable to correct problems|Sub-process \S+ returned an error|Unmet dependencies)/,
    weight: 'exception',
    class: 'system-package',
    cause: 'Installing the system packages failed.',
  },
  {
    match: /THESE PACKAGES DO NOT MATCH THE HASHES|Hash mismatch for|sha256 mismatch/,
    weight: 'requirement',
    class: 'bad-sdist',
    cause: 'An archive does not have the bytes that its hash promises.',
  },
  {
    match:
      /(?:tarfile\.ReadError|zipfile\.BadZipFile|not a gzip file|unexpected end of data|does not appear to be a Python project|neither 'setup\.py' nor 'pyproject\.toml' found)/,
    weight: 'requirement',
    class: 'bad-sdist',
    cause: 'The archive is broken, or holds no Python project.',
  },
];

import type { Rule } from '../rule.js';

/** Build backends other than setuptools, and those who load them. */
export const backendRules: readonly Rule[] = [
  {
    match: /(?:BackendUnavailable|Cannot import build backend)[:\s]*['"]?([\w.:]*)/,
    weight: 'exception',
    class: 'build-requirement',
    cause:
      'The build backend {1} cannot be imported: it is not among the build requirements, or does not run on this Python.',
  },
  {
    match: /ERROR Missing dependencies:|Missing build dependencies/,
    weight: 'exception',
    class: 'build-requirement',
    cause: 'Build requirements that the project declares are not installed.',
  },
  {
    match:
      /setuptools-scm was unable to detect version|Error getting the version from source `vcs`|setuptools_scm.*unable to detect version/,
    weight: 'requirement',
    class: 'bad-sdist',
    cause:
      'The version comes from a version control system, and the sdist does not carry it. It can be told by an environment variable.',
    refine: () => ({}),
  },
  {
    match: /Unable to determine which files to ship inside the wheel/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'hatchling finds no folder with the name of the project, and says so since 1.19; older ones took all that there was.',
    edit: { requires: { constraints: ['hatchling<1.19'] } },
    why: 'The project may be older than that.',
    guess: true,
  },
  {
    match: /UnknownPluginError: Unknown (?:version source|build hook|metadata hook): (\S+)/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: "hatchling's plugin {1} is not among the build requirements.",
    refine: ([, name = '']) => ({
      edit: { requires: { additions: [`hatch-${name}`] } },
      why: `hatch-${name} is where a plugin of that name usually is.`,
      ...(name === 'vcs' ? {} : { guess: true as const }),
    }),
  },
  {
    match: /The Poetry configuration is invalid/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'pyproject.toml says something that this poetry-core does not know: usually it is older than the project.',
    edit: { requires: { additions: ['poetry-core>=2'] } },
    why: 'Newer ones know more and still take what is older.',
    guess: true,
  },
  {
    match: /license field should be <class ['"]dict['"]>, not <class ['"]str['"]>/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The license is written in the form of PEP 639, which this flit-core is too old for.',
    edit: { requires: { additions: ['flit-core>=3.11'] } },
    why: 'flit-core 3.11 is the first that reads an SPDX license expression.',
  },
];

import { WheelwrightError } from '../errors.js';
import { patchFault } from '../patch.js';
import { isValidProjectName, normalizeProjectName } from '../project-name.js';
import { parseRequirement } from '../requirement.js';
import { specifierFault } from '../specifier-check.js';
import type { EffectiveRecipe, Recipe } from './recipe.js';
import type { PathFault, RecipePath } from './source.js';

// Debian policy 5.6.7; a version may be pinned.
const APT_NAME = /^[a-z0-9][a-z0-9+.-]+(?:=[A-Za-z0-9.+:~-]+)?$/;
const DNF_NAME = /^[A-Za-z0-9][A-Za-z0-9._+-]*(?:\([A-Za-z0-9._+:-]+\))?$/;
const POLICY = /^(?:manylinux_2_\d+|manylinux2014|musllinux_1_\d+)$/;
const MODULE = /^[^\W\d]\w*(?:\.[^\W\d]\w*)*$/u;
const SONAME = /^[A-Za-z0-9*?_][A-Za-z0-9*?_.+-]*$/;

/** What the schema cannot say: names, specifiers, requirements, patches and paths that mean something. */
export function checkRecipe(recipe: Recipe): PathFault[] {
  return [
    ...(isValidProjectName(recipe.project)
      ? []
      : [{ path: ['project'], message: `${JSON.stringify(recipe.project)} is not a project name (PEP 508)` }]),
    ...checkSpecifier(['versions'], recipe.versions),
    ...checkSpecifier(['python'], recipe.python),
    ...checkSettings([], recipe, recipe.project),
    ...(recipe.overrides ?? []).flatMap(({ when, ...settings }, index) => {
      const path = ['overrides', index];
      return [
        ...(Object.keys(when).length === 0
          ? [
              {
                path: [...path, 'when'],
                message: 'says nothing; give versions, python or policy, or move the settings up',
              },
            ]
          : []),
        ...checkSpecifier([...path, 'when', 'versions'], when.versions),
        ...checkSpecifier([...path, 'when', 'python'], when.python),
        ...(when.policy === undefined || POLICY.test(when.policy)
          ? []
          : [{ path: [...path, 'when', 'policy'], message: 'is not a policy such as manylinux_2_31' }]),
        ...checkSettings(path, settings, recipe.project),
      ];
    }),
  ];
}

function checkSettings(path: RecipePath, settings: EffectiveRecipe, project: string): PathFault[] {
  const { system, runtime, requires, test, repair, patches, sources, depends } = settings;
  return [
    ...[['system', system] as const, ['runtime', runtime] as const].flatMap(([key, packages]) => [
      ...checkEach([...path, key, 'apt'], packages?.apt, (name) =>
        APT_NAME.test(name) ? undefined : 'is not the name of a Debian package',
      ),
      ...checkEach([...path, key, 'dnf'], packages?.dnf, (name) =>
        DNF_NAME.test(name) ? undefined : 'is not the name of an RPM package',
      ),
    ]),
    ...checkEach([...path, 'requires', 'constraints'], requires?.constraints, requirementFault),
    ...checkEach([...path, 'requires', 'additions'], requires?.additions, requirementFault),
    ...checkEach([...path, 'test', 'requires'], test?.requires, requirementFault),
    ...checkEach([...path, 'test', 'imports'], test?.imports, (name) =>
      MODULE.test(name) ? undefined : 'is not the name of a module',
    ),
    ...checkEach([...path, 'test', 'skip-imports'], test?.['skip-imports'], (name) =>
      MODULE.test(name) ? undefined : 'is not the name of a module',
    ),
    ...checkEach([...path, 'repair', 'exclude'], repair?.exclude, (name) =>
      SONAME.test(name) ? undefined : 'is not a soname such as libfoo.so.1',
    ),
    ...checkEach([...path, 'repair', 'library-paths'], repair?.['library-paths'], (folder) =>
      /^[\w/][\w/.+-]*$/.test(folder) ? undefined : 'is not a folder',
    ),
    ...checkEach([...path, 'patches'], patches, patchFault),
    ...checkEach(
      [...path, 'depends'],
      depends,
      (text) =>
        requirementFault(text) ??
        (isValidProjectName(project) && parseRequirement(text).name === normalizeProjectName(project)
          ? 'is the project itself'
          : undefined),
    ),
    ...(sources ?? []).flatMap((source, index) =>
      checkSource(source).map(({ path: at, message }) => ({ path: [...path, 'sources', index, ...at], message })),
    ),
  ];
}

function checkSource({ url, debian, to, install }: NonNullable<EffectiveRecipe['sources']>[number]): PathFault[] {
  return [
    ...((url === undefined) === (debian === undefined)
      ? [{ path: [], message: 'says where it is from once: give url or debian' }]
      : []),
    ...((to === undefined) === (install === undefined)
      ? [{ path: [], message: 'says what becomes of it once: give to or install' }]
      : []),
    ...(url === undefined || /^https?:$/.test(new URL(url).protocol)
      ? []
      : [{ path: ['url'], message: 'must be an http or https URL' }]),
    ...(to === undefined || isInside(to) ? [] : [{ path: ['to'], message: 'must stay inside the unpacked sdist' }]),
  ];
}

function checkEach(
  path: RecipePath,
  values: readonly string[] | undefined,
  fault: (value: string) => string | undefined,
): PathFault[] {
  return (values ?? []).flatMap((value, index) => {
    const message = fault(value);
    return message === undefined ? [] : [{ path: [...path, index], message: `${quoted(value)} ${message}` }];
  });
}

function checkSpecifier(path: RecipePath, specifiers: string | undefined): PathFault[] {
  const message = specifiers === undefined ? undefined : specifierFault(specifiers);
  return message === undefined ? [] : [{ path, message: `${quoted(specifiers ?? '')} ${message}` }];
}

function requirementFault(text: string): string | undefined {
  try {
    const { specifier } = parseRequirement(text);
    return specifierFault(specifier);
  } catch (error) {
    if (error instanceof WheelwrightError) return 'is not a requirement such as "cython<3"';
    throw error;
  }
}

function isInside(path: string): boolean {
  return !path.startsWith('/') && !path.split('/').includes('..') && !path.includes('\0');
}

function quoted(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 57)}...` : line);
}

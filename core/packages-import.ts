import { stringify } from 'yaml';
import { type IniFault, type IniRelease, parsePackagesIni } from './packages-ini.js';
import { lintRecipe } from './recipe/lint.js';
import type { EffectiveRecipe, Recipe } from './recipe/recipe.js';
import { specifierFault } from './specifier-check.js';
import { compareVersions } from './version.js';

export interface PackagesImport {
  /** One for each project that needs any, by name; each passes the linter. */
  recipes: { project: string; yaml: string }[];
  /** Projects that build without a recipe, by name. */
  bare: string[];
  /** What the recipes do not say although the file does, and why. */
  notCarriedOver: (IniFault & { value?: string })[];
}

/** What one release's settings become. Lists only, so that what all releases of a project have in common can be told. */
interface Carried {
  apt: string[];
  testRequires: string[];
  skipImports: string[];
}

const LISTS = ['apt', 'testRequires', 'skipImports'] as const;
const PREBUILD =
  'a script of that repository, which mostly downloads and builds a library: name what it downloads as `sources` and build that in `prepare`, or use the system package';
const BINARY = 'files that are not to be checked: here every compiled file of a wheel is, and none can be left out';

/** Recipes from the text of a packages.ini: for each project what all its releases share, and overrides for single versions. */
export function importPackages(text: string): PackagesImport {
  const { releases, faults } = parsePackagesIni(text);
  const result: PackagesImport = { recipes: [], bare: [], notCarriedOver: faults };
  for (const project of [...new Set(releases.map((release) => release.project))].sort()) {
    const own = releases.filter((release) => release.project === project);
    const recipe = recipeOf(project, own, result.notCarriedOver);
    if (Object.keys(recipe).length === 1) result.bare.push(project);
    else result.recipes.push({ project, yaml: stringify(recipe, { lineWidth: 100 }) });
  }
  return result;
}

function recipeOf(project: string, unordered: readonly IniRelease[], left: PackagesImport['notCarriedOver']): Recipe {
  const releases = unordered.toSorted((a, b) => compareVersions(a.version, b.version));
  const carried = releases.map((release) => carriedOver(release, left));
  const shared = fromEach((list) =>
    carried.map((each) => each[list]).reduce((common, items) => common.filter((item) => items.includes(item))),
  );
  const overrides = releases.flatMap(({ version }, at) => {
    const own = settingsOf(
      fromEach((list) => carried[at]?.[list].filter((item) => !shared[list].includes(item)) ?? []),
    );
    // What comes after the newest that is listed will most likely need what that one needs.
    const versions = at === releases.length - 1 && at > 0 ? `>=${version}` : `==${version}`;
    return Object.keys(own).length === 0 ? [] : [{ when: { versions }, ...own }];
  });
  const python = pythonOf(releases, left);
  return {
    project,
    ...(python === undefined ? {} : { python }),
    ...settingsOf(shared),
    ...(overrides.length === 0 ? {} : { overrides }),
  };
}

function carriedOver({ section, project, settings }: IniRelease, left: PackagesImport['notCarriedOver']): Carried {
  const carried: Carried = { apt: [], testRequires: [], skipImports: [] };
  const take = (list: (typeof LISTS)[number], key: string, value: string, form: (item: string) => string = String) => {
    for (const item of value.split(/[\s,]+/).filter((part) => part !== '')) {
      const one = { ...carried, [list]: [form(item)] };
      const { faults } = lintRecipe(stringify({ project, ...settingsOf(one) }));
      const [fault] = faults;
      if (fault !== undefined) left.push({ section, key, value: item, why: fault.message });
      else if (!carried[list].includes(form(item))) carried[list].push(form(item));
    }
  };
  for (const { key, value } of settings) {
    switch (key) {
      case 'apt_requires':
        take('apt', key, value);
        break;
      case 'validate_extras':
        take('testRequires', key, value, (extra) => `${project}[${extra}]`);
        break;
      case 'validate_incorrect_missing_deps':
        take('testRequires', key, value);
        break;
      case 'validate_skip_imports':
        take('skipImports', key, value);
        break;
      case 'custom_prebuild':
        left.push({ section, key, value, why: PREBUILD });
        break;
      case 'likely_binary_ignore':
        left.push({ section, key, value, why: BINARY });
        break;
      // Of another system; and seen to for all releases of a project together.
      case 'brew_requires':
      case 'python_versions':
        break;
      default:
        left.push({ section, key, value, why: 'is not a key of a packages.ini' });
    }
  }
  return carried;
}

/** A recipe has one answer for which interpreters it is. */
function pythonOf(releases: readonly IniRelease[], left: PackagesImport['notCarriedOver']): string | undefined {
  const given = releases.map(({ settings }) => settings.find(({ key }) => key === 'python_versions')?.value);
  const [first] = given;
  if (first !== undefined && given.every((value) => value === first) && specifierFault(first) === undefined)
    return first;
  given.forEach((value, at) => {
    if (value === undefined) return;
    const why =
      specifierFault(value) ??
      'differs between the releases of the project, and a recipe has one `python` for all: ask for the builds with --python';
    left.push({ section: releases[at]?.section ?? '', key: 'python_versions', value, why });
  });
  return undefined;
}

function fromEach(items: (list: (typeof LISTS)[number]) => string[]): Carried {
  return { apt: items('apt'), testRequires: items('testRequires'), skipImports: items('skipImports') };
}

function settingsOf({ apt, testRequires, skipImports }: Carried): EffectiveRecipe {
  const test = {
    ...(skipImports.length === 0 ? {} : { 'skip-imports': skipImports }),
    ...(testRequires.length === 0 ? {} : { requires: testRequires }),
  };
  return {
    ...(apt.length === 0 ? {} : { system: { apt } }),
    ...(Object.keys(test).length === 0 ? {} : { test }),
  };
}

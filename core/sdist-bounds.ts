// Upper bounds that a project sets to its build requirements, which may keep out what this Python needs.
import { parse as parseToml } from 'smol-toml';
import type { Failure, Proposal } from './failure.js';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import { mergeEdit } from './recipe/edit.js';
import type { SdistText } from './sdist-text.js';
import { isSpecifierSet, satisfiesSpecifiers } from './version.js';

/**
 * The build requirements without upper bounds: a release pins what was new in its days, which may not run on this Python. Undefined where pyproject.toml has no such bound.
 * @param unmet a release that is known to be required and cannot be had; a setup script may ask for it that declares nothing
 */
export function freedRequirements(
  texts: readonly SdistText[],
  unmet?: { project: string; version: string },
): Proposal | undefined {
  const pyproject = texts.find(({ path }) => path === 'pyproject.toml');
  const declared = pyproject === undefined ? [] : requirementsOf(pyproject.text);
  const free = declared.map(withoutUpperBound);
  const bounded = declared.filter((text, at) => text !== free[at]);
  const isAsked = free.some((text) => {
    const [name = ''] = /^[\w.-]*/.exec(text.trim()) ?? [];
    return isValidProjectName(name) && normalizeProjectName(name) === unmet?.project;
  });
  if (unmet !== undefined && !isAsked) {
    const assumed = declared.length === 0 ? ['setuptools', 'wheel'] : free;
    return {
      edit: { requires: { replace: true, additions: [...assumed, `${unmet.project}>=${unmet.version}`] } },
      why: `its setup script asks for ${unmet.project} ${unmet.version}, in place of which a later one may do`,
      guess: true,
    };
  }
  if (bounded.length === 0) return undefined;
  return {
    edit: { requires: { replace: true, additions: free } },
    why: `pyproject.toml bounds its build requirements from above (${bounded.join(', ')}), and what it bounds them to may be older than this Python`,
    guess: true,
  };
}

/**
 * The proposal to require a newer version of what pyproject.toml bounds below it, without the bounds: both cannot be had together, and what was bounded for
 * older Pythons at one place was at the others. Undefined where nothing is bounded so.
 */
export function freedForProposal({ proposal }: Failure, texts: readonly SdistText[]): Proposal | undefined {
  const freed = freedRequirements(texts);
  const { requires, ...others } = mergeEdit({}, proposal?.edit ?? {});
  if (proposal === undefined || freed === undefined || Object.keys(others).length > 0) return undefined;
  const pyproject = texts.find(({ path }) => path === 'pyproject.toml');
  const declared = requirementsOf(pyproject?.text ?? '');
  const isExcluded = (added: string) => declared.some((text) => excludes(text, added));
  return requires?.additions?.some(isExcluded)
    ? { ...freed, edit: mergeEdit(freed.edit, { requires }), why: `${proposal.why} But ${freed.why}` }
    : undefined;
}

/** `setuptools<64` excludes `setuptools>=66.1`. */
function excludes(declared: string, added: string): boolean {
  const [, name = '', minimum = ''] = /^([\w.-]+)>=([\w.]+)$/.exec(added) ?? [];
  const [, project = '', bounds = ''] = /^\s*([\w.-]*\w)\s*(?:\[[^\]]*\])?\s*([^;]*)/.exec(declared) ?? [];
  if (![name, project].every(isValidProjectName) || !isSpecifierSet(bounds.trim())) return false;
  return normalizeProjectName(name) === normalizeProjectName(project) && !satisfiesSpecifiers(minimum, bounds.trim());
}

function requirementsOf(text: string): string[] {
  try {
    const table = parseToml(text)['build-system'];
    const requires = typeof table === 'object' && !Array.isArray(table) && 'requires' in table ? table.requires : [];
    return Array.isArray(requires) ? requires.filter((item) => typeof item === 'string') : [];
  } catch {
    return [];
  }
}

/** `cython==0.29.36` becomes `cython>=0.29.36`, `numpy>=1.21,<2` becomes `numpy>=1.21`. */
function withoutUpperBound(requirement: string): string {
  const [text = '', ...marker] = requirement.split(';');
  const freed = text
    .replaceAll(/(?:===?|~=)\s*([\w.]+?)(?:\.\*)?(?=\s*(?:,|$|\)))/g, '>=$1')
    .replaceAll(/,?\s*<=?\s*[\w.*+-]+/g, '')
    .replace(/^(\s*[\w.-]+(?:\[[^\]]*\])?)\s*,\s*/, '$1')
    .trim();
  return freed === text.trim() ? requirement : [freed, ...marker].join(marker.length > 0 ? ' ;' : '');
}

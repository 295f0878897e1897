// PEP 440 versions and specifiers. https://packaging.python.org/en/latest/specifications/version-specifiers/
import { clean, compare, explain, satisfies, validRange } from '@renovatebot/pep440';
import { WheelwrightError } from './errors.js';

export function isVersion(text: string): boolean {
  return clean(text) !== null;
}

/**
 * The normalised form of a version, e.g. `1.0a1` for `1.0-alpha1`. Trailing zeros are kept.
 * @throws WheelwrightError `invalid` for what is not a version.
 */
export function normalizeVersion(text: string): string {
  const normal = clean(text);
  if (normal === null) {
    throw new WheelwrightError('invalid', `${JSON.stringify(text)} is not a version`, {
      hint: 'Versions have the form of PEP 440, such as 1.2, 1.2rc1 or 1.2.post1+local.',
    });
  }
  // The library joins the parts of a local version by commas, which occur nowhere else in a version.
  return normal.replaceAll(',', '.');
}

/** Negative, zero or positive, as for Array.sort. `1.0` and `1.0.0` are equal. */
export function compareVersions(a: string, b: string): number {
  return compare(a, b);
}

/** True for alphas, betas, release candidates and development releases. */
export function isPrerelease(version: string): boolean {
  return explain(version)?.is_prerelease ?? false;
}

export function isSpecifierSet(text: string): boolean {
  return text.trim() === '' || validRange(withoutTrailingComma(text));
}

/**
 * Whether a version satisfies a specifier set such as `>=1.2,!=1.3`; the empty set takes every version. Pre-releases count only when `prereleases` says so or
 * when the specifiers name one.
 * @throws WheelwrightError `invalid` for specifiers that cannot be read.
 */
export function satisfiesSpecifiers(
  version: string,
  specifiers: string,
  { prereleases }: { prereleases?: boolean } = {},
): boolean {
  if (!isSpecifierSet(specifiers)) {
    throw new WheelwrightError('invalid', `${JSON.stringify(specifiers)} is not a set of version specifiers`, {
      hint: 'Specifiers have the form of PEP 440, such as ">=1.2,<2" or "~=1.4".',
    });
  }
  // The library looks at each specifier alone, pip at the whole set: `>=2.0a1,<3` takes 2.0a2.
  return satisfies(version, withoutTrailingComma(specifiers), {
    prereleases: prereleases ?? namesPrerelease(specifiers),
  });
}

function namesPrerelease(specifiers: string): boolean {
  return specifiers.split(',').some((part) => {
    const [, operator, version] = /^\s*(===|~=|==|!=|<=|>=|<|>)\s*(.*?)\s*$/.exec(part) ?? [];
    return operator !== '!=' && version !== undefined && isPrerelease(version);
  });
}

/** `>=3.6,` is out in the wild as Requires-Python, and pip takes it. */
function withoutTrailingComma(specifiers: string): string {
  return specifiers.replace(/\s*,\s*$/, '');
}

import { compareVersions, isSpecifierSet, satisfiesSpecifiers } from './version.js';

/** Why a specifier set is wrong, as the end of a sentence about it; undefined where some version can satisfy it. */
export function specifierFault(specifiers: string): string | undefined {
  if (!isSpecifierSet(specifiers)) return 'is not a set of version specifiers such as ">=1.2,<2" (PEP 440)';
  const parts = specifiers.split(',').flatMap((part) => {
    const [, operator, version] = /^\s*(~=|===?|!=|<=|>=|<|>)\s*(\S+?)\s*$/.exec(part) ?? [];
    return operator === undefined || version === undefined ? [] : [{ operator, version }];
  });
  const exact = parts.filter(({ operator, version }) => operator.startsWith('==') && !version.includes('*'));
  if (exact.some(({ version }) => !satisfiesSpecifiers(version, specifiers, { prereleases: true })))
    return 'can be satisfied by no version';
  const lowest = parts.filter(({ operator }) => /^(?:>=?|~=)$/.test(operator));
  const highest = parts.filter(({ operator }) => /^<=?$/.test(operator));
  const contradicts = lowest.some((low) =>
    highest.some((high) => {
      const order = compareVersions(low.version, high.version);
      return order > 0 || (order === 0 && (low.operator === '>' || high.operator === '<'));
    }),
  );
  return contradicts ? 'can be satisfied by no version' : undefined;
}

// Environment markers: https://packaging.python.org/en/latest/specifications/dependency-specifiers/#environment-markers
import { interpreterVersion } from './interpreter.js';
import { isSpecifierSet, isVersion, satisfiesSpecifiers } from './version.js';

/** A condition of a requirement, e.g. `python_version < "3.12" and extra == "test"`; plain JSON. */
export type Marker =
  | { operator: 'and'; left: Marker; right: Marker }
  | { operator: 'or'; left: Marker; right: Marker }
  | { operator: MarkerOperator; left: string; right: string };

export type MarkerOperator = '<' | '<=' | '==' | '!=' | '>=' | '>' | '~=' | '===' | 'in' | 'not in';

/** What markers are evaluated for: always CPython on Linux. */
export interface MarkerTarget {
  /** Interpreter tag, e.g. `cp313`. */
  python: string;
  /** As in platform tags, e.g. `x86_64`. */
  arch: string;
  /** The extra being installed, normalised. */
  extra?: string;
}

/** Whether a requirement with this marker is wanted on that target. */
export function markerApplies(marker: Marker, target: MarkerTarget): boolean {
  const { operator, left, right } = marker;
  if (operator === 'and') return markerApplies(left, target) && markerApplies(right, target);
  if (operator === 'or') return markerApplies(left, target) || markerApplies(right, target);
  return compare(valueFor(left, target), operator, valueFor(right, target));
}

function valueFor(side: string, target: MarkerTarget): string {
  if (/^['"]/.test(side)) return side.slice(1, -1);
  const full = interpreterVersion(target.python);
  const variables: Record<string, string> = {
    python_version: full.split('.').slice(0, 2).join('.'),
    python_full_version: full,
    implementation_name: 'cpython',
    implementation_version: full,
    platform_python_implementation: 'CPython',
    os_name: 'posix',
    sys_platform: 'linux',
    platform_system: 'Linux',
    platform_machine: target.arch,
    extra: target.extra ?? '',
  };
  // platform_release and platform_version are of a machine nobody has chosen yet.
  return variables[side] ?? '';
}

function compare(left: string, operator: MarkerOperator, right: string): boolean {
  if (operator === 'in') return right.includes(left);
  if (operator === 'not in') return !right.includes(left);
  if (isVersion(left) && isSpecifierSet(`${operator}${right}`)) {
    return satisfiesSpecifiers(left, `${operator}${right}`, { prereleases: true });
  }
  switch (operator) {
    case '==':
    case '===':
      return left === right;
    case '!=':
      return left !== right;
    case '<':
      return left < right;
    case '<=':
      return left <= right;
    case '>':
      return left > right;
    case '>=':
      return left >= right;
    case '~=':
      return false;
    default:
      return operator satisfies never;
  }
}

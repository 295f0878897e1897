// Files that say what an application installs:
// https://pip.pypa.io/en/stable/reference/requirements-file-format/
// https://packaging.python.org/en/latest/specifications/pylock-toml/
// https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile
import { parse as parseToml } from 'smol-toml';
import { WheelwrightError } from './errors.js';
import { readPylock, readUvLock, type SkippedEntry } from './lock-file.js';
import type { MarkerTarget } from './marker.js';
import { parseRequirement, type Requirement } from './requirement.js';

export interface DependencyFile {
  kind: 'requirements.txt' | 'pylock.toml' | 'uv.lock';
  requirements: Requirement[];
  /** Whether it names everything that is installed, so that nothing needs to be looked up beyond it. */
  locked: boolean;
  /** What is in the file and cannot be looked up on an index. */
  skipped: SkippedEntry[];
}

/**
 * Reads a requirements.txt, pylock.toml or uv.lock; which one it is, the text itself says.
 * @param target markers of lock files are evaluated for it; those of requirements are left in place
 * @throws WheelwrightError `invalid` for TOML that is no lock file
 */
export function parseDependencyFile(text: string, target: MarkerTarget): DependencyFile {
  const toml = tomlOf(text);
  if (toml === undefined) return { kind: 'requirements.txt', locked: false, ...readRequirements(text) };
  if ('lock-version' in toml) return { kind: 'pylock.toml', locked: true, ...readPylock(toml, target) };
  if ('version' in toml && Array.isArray(toml.package))
    return { kind: 'uv.lock', locked: true, ...readUvLock(toml, target) };
  throw new WheelwrightError('invalid', 'the file is TOML, but neither a pylock.toml nor a uv.lock', {
    hint: 'For a pyproject.toml, make a lock first: uv lock, or pip lock.',
  });
}

/** A requirements file is never TOML but where it is empty or all comments. */
function tomlOf(text: string): Record<string, unknown> | undefined {
  try {
    const table = parseToml(text);
    return Object.keys(table).length === 0 ? undefined : table;
  } catch {
    return undefined;
  }
}

function readRequirements(text: string): Pick<DependencyFile, 'requirements' | 'skipped'> {
  const requirements: Requirement[] = [];
  const skipped: SkippedEntry[] = [];
  for (const line of logicalLines(text)) {
    if (line.startsWith('-')) {
      const reason = optionReason(line);
      if (reason !== undefined) skipped.push({ text: line, reason });
      continue;
    }
    try {
      requirements.push(parseRequirement(line.replace(/\s+--(hash|config-settings?|global-option)[= ].*$/, '')));
    } catch (error) {
      if (!(error instanceof WheelwrightError)) throw error;
      skipped.push({ text: line, reason: error.message });
    }
  }
  return { requirements, skipped };
}

/** Lines as pip joins and strips them: a backslash continues a line, `#` begins a comment at the start or after a space. */
function logicalLines(text: string): string[] {
  return text
    .replace(/^\ufeff/, '')
    .replaceAll(/\\\r?\n/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.replace(/(^|\s+)#.*$/, '').trim())
    .filter((line) => line !== '');
}

/** Why an option line hides requirements from us; undefined for options that name none. */
function optionReason(line: string): string | undefined {
  if (/^(-r|--requirement|-c|--constraint)\b/.test(line)) return 'it names another file: check that one as well';
  if (/^(-e|--editable)\b/.test(line)) return 'it is source code on a disk or in a repository, not on an index';
  return undefined;
}

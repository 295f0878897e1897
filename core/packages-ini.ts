// The form of a packages.ini, read as Python's configparser reads it: https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
import { $Errors, $Proto, type ParsingError, parse } from 'js-ini';
import { isValidProjectName, normalizeProjectName } from './project-name.js';
import { isVersion } from './version.js';

/** One section: a release and what is said about it, in the order of the file. */
export interface IniRelease {
  /** `name==version`, as it is written. */
  section: string;
  /** Normalised (PEP 503). */
  project: string;
  version: string;
  settings: { key: string; value: string }[];
}

/** Something in the file that means nothing. */
export interface IniFault {
  section: string;
  key?: string;
  why: string;
}

/** Reads the sections `[name==version]`. A value that goes on in indented lines becomes one line, its parts separated by spaces. */
export function parsePackagesIni(text: string): { releases: IniRelease[]; faults: IniFault[] } {
  const parsed = parse(foldLines(text), { comment: ['#', ';'], autoTyping: false, nothrow: true, protoSymbol: true });
  const faults: IniFault[] = ((parsed[$Errors] ?? []) as unknown as ParsingError[]).map(({ line, lineNumber }) => ({
    section: '',
    why: `line ${lineNumber} is neither a section, a key with a value nor the continuation of one: ${JSON.stringify(line)}`,
  }));
  const releases: IniRelease[] = [];
  for (const [section, content] of Object.entries(parsed)) {
    const [name = '', version = '', ...more] = section.split('==').map((part) => part.trim());
    if (typeof content !== 'object' || Array.isArray(content)) {
      faults.push({ section: '', key: section, why: 'stands before the first section' });
    } else if (!isValidProjectName(name) || !isVersion(version) || more.length > 0) {
      faults.push({ section, why: 'is not a release such as name==1.0' });
    } else {
      const settings = Object.entries(content).map(([key, value]) => ({
        key: key.toLowerCase(),
        value: String(value),
      }));
      releases.push({ section, project: normalizeProjectName(name), version, settings });
    }
  }
  if ($Proto in parsed) faults.push({ section: '__proto__', why: 'is not a release such as name==1.0' });
  return { releases, faults };
}

/** Continuations put behind their key, each leaving an empty line, so that the numbers of lines stay true; `key: value` as `key = value`. */
function foldLines(text: string): string {
  const lines: string[] = [];
  let start: number | undefined;
  for (const line of text.replace(/^\uFEFF/, '').split(/\r?\n/)) {
    const content = line.trim();
    if (content === '' || /^[#;]/.test(content)) lines.push('');
    else if (/^\s/.test(line) && start !== undefined) {
      lines[start] += ` ${content}`;
      lines.push('');
    } else {
      const isKey = !content.startsWith('[');
      lines.push(isKey ? content.replace(/^([^\s=:]+)\s*:/, '$1 =') : content);
      start = isKey ? lines.length - 1 : undefined;
    }
  }
  return lines.join('\n');
}

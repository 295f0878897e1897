import type { Channel } from '../core/build.js';
import { isValidProjectName, normalizeProjectName } from '../core/project-name.js';

/** What a request asks for. `project` is always normalised, and no part is ever used as a path. */
export type RequestTarget =
  | { kind: 'root'; channel: Channel }
  | { kind: 'project'; channel: Channel; project: string }
  | { kind: 'file'; channel: Channel; project: string; sha256: string; filename: string; metadata: boolean }
  | { kind: 'provenance'; channel: Channel; project: string; version: string; filename: string }
  | { kind: 'explain'; channel: Channel; project: string; filename?: string }
  | { kind: 'health' }
  | { kind: 'front' }
  /** `location` is relative, so that it holds behind a path prefix as well. */
  | { kind: 'redirect'; location: string }
  | { kind: 'nothing' };

export interface ParsedTarget {
  target: RequestTarget;
  /** Value of `?format=`, decoded. */
  format?: string;
}

const SHA256 = /^[0-9a-f]{64}$/;
/** Letters and digits of ASCII and what versions and tags are written with: no separator, no control character, nothing that looks like another. */
const FILENAME = /^[A-Za-z0-9][A-Za-z0-9._+!-]*$/;

/** No file system holds a wheel of a longer name; names that nobody knows are remembered for a while, and must not be worth much memory. */
const MAX_NAME = 255;
/** What comes before the path where a request names the whole URL, as it does to proxies (RFC 9112, 3.2.2). */
const ABSOLUTE_FORM = /^https?:\/\/[^/?#]+/i;

/** Reads a request target (RFC 9112, 3.2). Whatever is not exactly one of the index's URLs is `nothing`. */
export function parseRequestTarget(target: string): ParsedTarget {
  const url = target.startsWith('/') ? target : target.replace(ABSOLUTE_FORM, '') || '/';
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  const query = mark === -1 ? '' : url.slice(mark);
  const format = query === '' ? undefined : new URLSearchParams(query).get('format');
  return { target: targetOf(path, query), ...(format === undefined || format === null ? {} : { format }) };
}

function targetOf(path: string, query: string): RequestTarget {
  if (!path.startsWith('/')) return { kind: 'nothing' };
  const segments = path.slice(1).split('/').map(decodeSegment);
  if (segments.some((segment) => segment === undefined)) return { kind: 'nothing' };
  const parts = segments as string[];
  const trial = parts[0] === 'trial';
  return route(trial ? parts.slice(1) : parts, trial ? 'trial' : 'stable', query);
}

function route(parts: readonly string[], channel: Channel, query: string): RequestTarget {
  const [first, ...rest] = parts;
  switch (first) {
    case 'simple':
      return simple(rest, channel, query);
    case 'files':
      return file(rest, channel);
    case 'integrity':
      return provenance(rest, channel);
    case 'explain':
      return explain(rest, channel);
    case 'healthz':
      return parts.length === 1 && channel === 'stable' ? { kind: 'health' } : { kind: 'nothing' };
    case '':
      return parts.length === 1 && channel === 'stable' ? { kind: 'front' } : { kind: 'nothing' };
    default:
      return { kind: 'nothing' };
  }
}

function simple(parts: readonly string[], channel: Channel, query: string): RequestTarget {
  const [name, end] = parts;
  if (name === undefined) return { kind: 'redirect', location: `simple/${query}` };
  if (name === '') return parts.length === 1 ? { kind: 'root', channel } : { kind: 'nothing' };
  if (parts.length > 2 || (end ?? '') !== '' || !isName(name)) return { kind: 'nothing' };
  const project = normalizeProjectName(name);
  if (end === undefined) return { kind: 'redirect', location: `${project}/${query}` };
  if (project !== name) return { kind: 'redirect', location: `../${project}/${query}` };
  return { kind: 'project', channel, project };
}

function file(parts: readonly string[], channel: Channel): RequestTarget {
  const [project, sha256, name] = parts;
  if (
    parts.length !== 3 ||
    !isNormalized(project) ||
    !SHA256.test(sha256 as string) ||
    !FILENAME.test(name as string)
  ) {
    return { kind: 'nothing' };
  }
  const metadata = (name as string).endsWith('.metadata');
  const filename = metadata ? (name as string).slice(0, -'.metadata'.length) : (name as string);
  return { kind: 'file', channel, project, sha256: sha256 as string, filename, metadata };
}

function provenance(parts: readonly string[], channel: Channel): RequestTarget {
  const [name, version, filename, last] = parts;
  if (parts.length !== 4 || last !== 'provenance' || !isName(name as string)) return { kind: 'nothing' };
  if (!FILENAME.test(version as string) || !FILENAME.test(filename as string)) return { kind: 'nothing' };
  const project = normalizeProjectName(name as string);
  return { kind: 'provenance', channel, project, version: version as string, filename: filename as string };
}

function explain(parts: readonly string[], channel: Channel): RequestTarget {
  const [name, filename] = parts;
  if (parts.length < 1 || parts.length > 2 || !isName(name as string)) return { kind: 'nothing' };
  const project = normalizeProjectName(name as string);
  if (filename === undefined || filename === '') return { kind: 'explain', channel, project };
  return FILENAME.test(filename) ? { kind: 'explain', channel, project, filename } : { kind: 'nothing' };
}

function isNormalized(name: string | undefined): name is string {
  return name !== undefined && isName(name) && normalizeProjectName(name) === name;
}

function isName(name: string): boolean {
  return name.length <= MAX_NAME && isValidProjectName(name);
}

/** Undefined for what no index URL holds: other encodings than percent-encoded ASCII, and separators that hide in an encoding. */
function decodeSegment(segment: string): string | undefined {
  if (!segment.includes('%')) return segment;
  try {
    const decoded = decodeURIComponent(segment);
    return /^[\x21-\x7e]*$/.test(decoded) && !/[/\\%]/.test(decoded) ? decoded : undefined;
  } catch {
    return undefined;
  }
}

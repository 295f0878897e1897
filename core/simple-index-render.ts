// Pages of the simple repository API, version 1.4; the HTML form is frozen there (PEP 833).
// https://packaging.python.org/en/latest/specifications/simple-repository-api/
import { distributionVersion } from './distribution.js';
import type { IndexFile, ProjectPage } from './simple-index.js';

export const API_VERSION = '1.4';

/** Where clients of the page find a file; relative URLs stay relative. */
export type FileLinks = (file: IndexFile) => { url: string; provenanceUrl?: string };

/** Part of a page: the files that it lists, none in the parts that stand around them, and how it lists them. */
export interface PagePiece {
  files: readonly IndexFile[];
  text: string;
}

/** So many files go into one piece of a page. */
const PIECE_FILES = 250;

/**
 * The JSON form of a project page, in pieces of which a new file changes few; each is written when it is asked for.
 * @param earlier the same form as it was before, from links of the same origin: a piece that lists the very same files is not written again
 */
export function renderProjectJson(
  page: ProjectPage,
  links: FileLinks,
  earlier: readonly PagePiece[] = [],
): Iterable<PagePiece> {
  const versions = new Set<string>();
  for (const file of page.files) {
    const version = file.version ?? distributionVersion(file.filename, page.name);
    if (version !== undefined) versions.add(version);
  }
  const head = JSON.stringify({
    meta: { 'api-version': API_VERSION },
    name: page.name,
    ...(page.status === undefined || page.status === 'active' ? {} : { 'project-status': projectStatus(page) }),
    versions: [...versions],
  });
  return inPieces(`${head.slice(0, -1)},"files":[`, page.files, ']}', earlier, (files, at) => {
    const list = JSON.stringify(files.map((file) => fileJson(file, links(file))));
    return `${at === 0 ? '' : ','}${list.slice(1, -1)}`;
  });
}

/** The HTML form of a project page, in pieces as {@link renderProjectJson}. */
export function renderProjectHtml(
  page: ProjectPage,
  links: FileLinks,
  earlier: readonly PagePiece[] = [],
): Iterable<PagePiece> {
  const metas =
    page.status === undefined || page.status === 'active'
      ? ''
      : `<meta name="pypi:project-status" content="${page.status}">\n${
          page.statusReason === undefined
            ? ''
            : `<meta name="pypi:project-status-reason" content="${escapeHtml(page.statusReason)}">\n`
        }`;
  const [start, end] = document(`Links for ${page.name}`, metas, '\u0000').split('\u0000') as [string, string];
  return inPieces(start, page.files, end, earlier, (files) => files.map((file) => anchor(file, links(file))).join(''));
}

export function pageText(pieces: Iterable<PagePiece>): string {
  return Array.from(pieces, ({ text }) => text).join('');
}

function* inPieces(
  start: string,
  files: ProjectPage['files'],
  end: string,
  earlier: readonly PagePiece[],
  textOf: (files: readonly IndexFile[], at: number) => string,
): Generator<PagePiece> {
  yield { files: [], text: start };
  for (let at = 0; at * PIECE_FILES < files.length; at++) {
    const group = files.slice(at * PIECE_FILES, (at + 1) * PIECE_FILES);
    const before = earlier[at + 1];
    yield before !== undefined && isSameList(before.files, group) ? before : { files: group, text: textOf(group, at) };
  }
  yield { files: [], text: end };
}

function isSameList(before: readonly IndexFile[], now: readonly IndexFile[]): boolean {
  return before.length === now.length && now.every((file, at) => file === before[at]);
}

/** One project of the JSON root page; between {@link rootJsonStart} and {@link ROOT_JSON_END}, separated by commas. */
export function rootEntryJson(name: string): string {
  return `{"name":${JSON.stringify(name)}}`;
}

/** One project of the HTML root page. */
export function rootEntryHtml(name: string): string {
  return `<a href="${name}/">${name}</a><br>\n`;
}

export const ROOT_JSON_START = `{"meta":{"api-version":"${API_VERSION}"},"projects":[`;
export const ROOT_JSON_END = ']}';
const [htmlStart, htmlEnd] = document('Simple index', '', '\u0000').split('\u0000') as [string, string];
export const ROOT_HTML_START = htmlStart;
export const ROOT_HTML_END = htmlEnd;

function projectStatus(page: ProjectPage): Record<string, string> {
  return {
    status: page.status ?? 'active',
    ...(page.statusReason === undefined ? {} : { reason: page.statusReason }),
  };
}

function fileJson(file: IndexFile, link: ReturnType<FileLinks>): Record<string, unknown> {
  // Absent keys stay absent: null is not allowed for size, upload-time and yanked.
  return {
    filename: file.filename,
    url: link.url,
    hashes: file.hashes,
    'requires-python': file.requiresPython,
    size: file.sizeBytes,
    'upload-time': file.uploadTime,
    yanked: file.yanked ?? false,
    'core-metadata': file.coreMetadata,
    provenance: link.provenanceUrl,
  };
}

function anchor(file: IndexFile, link: ReturnType<FileLinks>): string {
  let attributes = '';
  if (file.requiresPython !== undefined) attributes += ` data-requires-python="${escapeHtml(file.requiresPython)}"`;
  if (file.yanked !== undefined) {
    attributes += file.yanked === true ? ' data-yanked' : ` data-yanked="${escapeHtml(file.yanked)}"`;
  }
  const metadata = metadataAttribute(file);
  // pip takes data-core-metadata="false" for true, so the attribute is left out where there is nothing.
  if (metadata !== undefined) {
    attributes += ` data-core-metadata="${metadata}" data-dist-info-metadata="${metadata}"`;
  }
  if (link.provenanceUrl !== undefined) attributes += ` data-provenance="${escapeHtml(link.provenanceUrl)}"`;
  const sha256 = file.hashes.sha256;
  const fragment = sha256 === undefined ? '' : `#sha256=${sha256}`;
  return `<a href="${escapeHtml(link.url)}${fragment}"${attributes}>${escapeHtml(file.filename)}</a><br>\n`;
}

function metadataAttribute(file: IndexFile): string | undefined {
  if (file.coreMetadata === undefined) return undefined;
  const sha256 = file.coreMetadata === true ? undefined : file.coreMetadata.sha256;
  return sha256 === undefined ? 'true' : `sha256=${sha256}`;
}

function document(title: string, metas: string, body: string): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="pypi:repository-version" content="${API_VERSION}">
${metas}<title>${escapeHtml(title)}</title>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${body}</body>
</html>
`;
}

const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

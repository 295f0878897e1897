// Pages of the simple repository API, version 1.4; the HTML form is frozen there (PEP 833).
// https://packaging.python.org/en/latest/specifications/simple-repository-api/
import type { IndexFile, ProjectPage } from './simple-index.js';
import type { PageFormat } from './simple-index-negotiation.js';

const API_VERSION = '1.4';

/** What a page says before and after its files. */
export interface PageFrame {
  start: string;
  end: string;
}

/** A page without its files. @param versions of the files, without repetition */
export function pageFrame(
  format: PageFormat,
  { name, status, statusReason }: Omit<ProjectPage, 'files'>,
  versions: readonly string[],
): PageFrame {
  const isActive = status === undefined || status === 'active';
  if (format === 'json') {
    const head = JSON.stringify({
      meta: { 'api-version': API_VERSION },
      name,
      ...(isActive ? {} : { 'project-status': { status, reason: statusReason } }),
      versions,
    });
    return { start: `${head.slice(0, -1)},"files":[`, end: ']}' };
  }
  const metas = isActive
    ? ''
    : `<meta name="pypi:project-status" content="${status}">\n${
        statusReason === undefined
          ? ''
          : `<meta name="pypi:project-status-reason" content="${escapeHtml(statusReason)}">\n`
      }`;
  const [start, end] = document(`Links for ${name}`, metas, '\u0000').split('\u0000') as [string, string];
  return { start, end };
}

/** What stands between the lines of two files. */
export const LINE_SEPARATOR: Readonly<Record<PageFormat, string>> = { json: ',', html: '' };

/** How a page lists one file. @param links where clients of the page find it; a relative URL stays relative */
export function pageLine(format: PageFormat, file: IndexFile, links: FileLinks): string {
  return format === 'json' ? JSON.stringify(fileJson(file, links)) : anchor(file, links);
}

export interface FileLinks {
  url: string;
  provenanceUrl?: string;
}

/** What {@link pageLine} and the page's frame make of a text within quotes. */
export function escapedIn(format: PageFormat, text: string): string {
  return format === 'json' ? JSON.stringify(text).slice(1, -1) : escapeHtml(text);
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

function fileJson(file: IndexFile, link: FileLinks): Record<string, unknown> {
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

function anchor(file: IndexFile, link: FileLinks): string {
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

/** In an order in which each may be replaced after the other. */
export const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ENTITIES[character] as string);
}

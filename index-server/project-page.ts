import { distributionVersion } from '../core/distribution.js';
import type { Assembly } from '../core/index-assembly.js';
import type { IndexFile } from '../core/simple-index.js';
import type { PageEncoding, PageFormat } from '../core/simple-index-negotiation.js';
import { escapedIn, LINE_SEPARATOR, pageFrame, pageLine } from '../core/simple-index-render.js';
import type { HostedIndex } from './hosted-index.js';
import type { ProjectView } from './project-views.js';
import { type PagePart, type RenderedPage, renderedPage } from './rendered-page.js';

/**
 * The page of a project in a format; made once. A new one asks the database for this service's own files.
 * @param publicUrl where clients find the index, without a trailing slash
 * @throws WheelwrightError `unavailable` when the database cannot be read.
 */
export function projectPage(
  view: Pick<ProjectView, 'assembly' | 'channel' | 'pages' | 'earlier'>,
  format: PageFormat,
  encoding: PageEncoding,
  hosted: Pick<HostedIndex, 'reader'>,
  publicUrl: string,
): RenderedPage {
  const present = view.pages.get(format);
  if (present !== undefined) return present;
  const page = renderedPage(
    parts(view, format, hosted, publicUrl),
    view.assembly.offered.length,
    encoding,
    view.earlier.get(format),
  );
  view.earlier.delete(format);
  view.pages.set(format, page);
  return page;
}

function versions({ name, offered }: Assembly): string[] {
  const found = new Set<string>();
  for (const { file } of offered) {
    const version = file.version ?? distributionVersion(file.filename, name);
    if (version !== undefined) found.add(version);
  }
  return [...found];
}

/** So many files are written together, and a new one changes few of the parts. */
const PART_FILES = 500;

function* parts(
  { assembly, channel }: Pick<ProjectView, 'assembly' | 'channel'>,
  format: PageFormat,
  hosted: Pick<HostedIndex, 'reader'>,
  publicUrl: string,
): Generator<PagePart> {
  const { name, offered } = assembly;
  const frame = pageFrame(format, assembly, versions(assembly));
  yield { bytes: Buffer.from(frame.start), more: true };
  const held: string[] = [];
  const others: IndexFile[] = [];
  for (const offer of offered) {
    if (offer.kind === 'here') held.push(offer.file.filename);
    else others.push(offer.file);
  }
  // Must be absolute (PEP 740); the other URLs are relative, so that they hold behind any path prefix.
  const integrity = escapedIn(format, `${publicUrl}${channel === 'trial' ? '/trial' : ''}/integrity/${name}/`);
  const separator = LINE_SEPARATOR[format];
  const listings = [
    ...chunks(held).map((some) => (before: string) => hosted.reader?.pageLines(some, format, integrity, before)),
    ...chunks(others).map((some) => (before: string) => {
      const lines = some.map((file) => pageLine(format, file, { url: fileUrl(name, file) }));
      return Buffer.from(before + lines.join(separator));
    }),
  ];
  let before = '';
  for (const [at, write] of listings.entries()) {
    const bytes = write(before);
    if (bytes === undefined) continue;
    yield { bytes, more: at < listings.length - 1 };
    before = separator;
  }
  yield { bytes: Buffer.from(frame.end), more: false };
}

function chunks<T>(files: readonly T[]): T[][] {
  return Array.from({ length: Math.ceil(files.length / PART_FILES) }, (_, at) =>
    files.slice(at * PART_FILES, (at + 1) * PART_FILES),
  );
}

function fileUrl(project: string, { filename, hashes }: IndexFile): string {
  return `../../files/${project}/${hashes.sha256}/${encodeURIComponent(filename)}`;
}

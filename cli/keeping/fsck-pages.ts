import type { HostedFile } from '../../adapters/sqlite/hosted-file.js';
import { type HostedProject, type IndexReader, openIndexReader } from '../../adapters/sqlite/index-reader.js';
import type { Channel } from '../../core/build.js';
import type { ProjectPage } from '../../core/simple-index.js';
import type { PageFormat } from '../../core/simple-index-negotiation.js';
import { parseProjectHtml, parseProjectJson } from '../../core/simple-index-parse.js';
import { pageFrame } from '../../core/simple-index-render.js';
import type { Problem } from './problem.js';

const INDEX = 'http://index.example/';
const INTEGRITY = `${INDEX}integrity/`;
const CHUNK = 1_000;

/** Makes every page of this service's own files as the index does, in both forms, and reads it again as a client does. */
export function checkPages(database: string): { pages: number; problems: Problem[] } {
  const reader = openIndexReader(database);
  if (reader === undefined) return { pages: 0, problems: [] };
  const problems: Problem[] = [];
  let pages = 0;
  try {
    for (const channel of ['stable', 'trial'] as const) {
      for (const name of projectNames(reader, channel)) {
        pages++;
        const what = wrongPage(reader, channel, name);
        if (what === undefined) continue;
        const mend = 'The row of that file or project holds what cannot be shown: report it with this line.';
        problems.push({ part: 'page', what: `${channel === 'trial' ? '/trial' : ''}/simple/${name}/: ${what}`, mend });
      }
    }
  } finally {
    reader.close();
  }
  return { pages, problems };
}

function* projectNames(reader: IndexReader, channel: Channel): Generator<string> {
  for (let from: string | undefined = ''; from !== undefined; ) {
    const names: string[] = reader.projectNames(channel, from, undefined, CHUNK + 1);
    yield* names.slice(0, CHUNK);
    from = names[CHUNK];
  }
}

function wrongPage(reader: IndexReader, channel: Channel, name: string): string | undefined {
  try {
    const project = reader.project(name);
    if (project === undefined) return 'the project has files and no row';
    const files = reader.files(name, channel).flatMap(({ filename }) => reader.file(filename) ?? []);
    for (const format of ['json', 'html'] as const) {
      const frame = pageFrame(format, project, [...new Set(files.map(({ version }) => version))]);
      const lines = reader.pageLines(
        files.map(({ filename }) => filename),
        format,
        INTEGRITY,
        '',
      );
      const text = `${frame.start}${lines ?? ''}${frame.end}`;
      const read = (format === 'json' ? parseProjectJson : parseProjectHtml)(text, name, `${INDEX}simple/${name}/`);
      const wrong = difference(project, files, read, format);
      if (wrong !== undefined) return `as ${format.toUpperCase()} ${wrong}`;
    }
    return undefined;
  } catch (error) {
    return `it cannot be made: ${(error as Error).message}`;
  }
}

/** What a client reads off the page otherwise than it was meant. */
function difference(
  { status }: HostedProject,
  files: readonly HostedFile[],
  read: ProjectPage,
  format: PageFormat,
): string | undefined {
  if (read.status !== undefined && read.status !== status) return `its status reads ${read.status}`;
  const found = new Map(read.files.map((file) => [file.filename, file]));
  for (const file of files) {
    const { filename } = file;
    const other = found.get(filename);
    if (other === undefined) return `it does not show ${filename}`;
    if (other.hashes.sha256 !== file.sha256) return `${filename} has another sha256`;
    if (other.requiresPython !== file.requiresPython) return `${filename} has another requires-python`;
    if (other.yanked !== file.yanked) return `${filename} is yanked otherwise`;
    // The HTML form has no upload time.
    if (format === 'json' && Date.parse(other.uploadTime ?? '') !== file.uploadTime)
      return `${filename} has another upload time`;
  }
  return found.size === files.length ? undefined : `it shows ${found.size} files, not ${files.length}`;
}

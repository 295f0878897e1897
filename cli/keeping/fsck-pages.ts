import { type IndexReader, openIndexReader } from '../../adapters/sqlite/index-reader.js';
import type { Channel } from '../../core/build.js';
import { assembleProject } from '../../core/index-assembly.js';
import { parseIndexPolicy, rulesFor } from '../../core/index-policy.js';
import type { ProjectPage } from '../../core/simple-index.js';
import { parseProjectHtml, parseProjectJson } from '../../core/simple-index-parse.js';
import { type FileLinks, pageText, renderProjectHtml, renderProjectJson } from '../../core/simple-index-render.js';
import type { Problem } from './problem.js';

const PAGE = 'http://index.example/simple/';
const CHUNK = 1_000;
/** A policy only takes files away, and would hide faults of those. */
const POLICY = parseIndexPolicy({}, 'fsck');

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
    const here = { ...project, files: reader.files(name, channel) };
    const { offered, status, statusReason } = assembleProject(
      { name, rules: rulesFor(POLICY, name), here, upstream: undefined },
      Number.MAX_SAFE_INTEGER,
    );
    const files = offered.map(({ file }) => file);
    const page: ProjectPage = { name, files, status, ...(statusReason === undefined ? {} : { statusReason }) };
    const links: FileLinks = ({ filename, hashes }) => ({
      url: `../../files/${name}/${hashes.sha256}/${encodeURIComponent(filename)}`,
    });
    const url = `${PAGE}${name}/`;
    const json = parseProjectJson(pageText(renderProjectJson(page, links)), name, url);
    const html = parseProjectHtml(pageText(renderProjectHtml(page, links)), name, url);
    return difference(page, json, 'JSON') ?? difference(page, html, 'HTML');
  } catch (error) {
    return `it cannot be made: ${(error as Error).message}`;
  }
}

/** What a client reads off the page otherwise than it was meant. */
function difference(page: ProjectPage, read: ProjectPage, form: string): string | undefined {
  if (read.status !== undefined && read.status !== page.status) return `as ${form} its status reads ${read.status}`;
  const found = new Map(read.files.map((file) => [file.filename, file]));
  for (const file of page.files) {
    const other = found.get(file.filename);
    if (other === undefined) return `as ${form} it does not show ${file.filename}`;
    if (other.hashes.sha256 !== file.hashes.sha256) return `as ${form} ${file.filename} has another sha256`;
    if (other.requiresPython !== file.requiresPython) return `as ${form} ${file.filename} has another requires-python`;
    if (other.yanked !== file.yanked) return `as ${form} ${file.filename} is yanked otherwise`;
  }
  return found.size === page.files.length
    ? undefined
    : `as ${form} it shows ${found.size} files, not ${page.files.length}`;
}

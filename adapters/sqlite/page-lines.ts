// The lines of a project page, put together by SQLite: a process that has just started takes three times as long for them, and the first page that it is asked for
// may list thousands of files. They are those of core/simple-index-render.ts, character by character.
import type { PageFormat } from '../../core/simple-index-negotiation.js';
import { ENTITIES } from '../../core/simple-index-render.js';

/** A file name that was let in has letters, digits and `._-+!`; of these only the plus means something else in a URL. */
const ENCODED_NAME = "iif(instr(filename, '+'), replace(filename, '+', '%2B'), filename)";
const URL = ["'../../files/'", 'project', "'/'", 'sha256', "'/'", ENCODED_NAME];
const PROVENANCE_URL = `iif(provenance_sha256 IS NULL, NULL, @integrity || version || '/' || ${ENCODED_NAME} || '/provenance')`;
const UPLOAD_TIME = "strftime('%Y-%m-%dT%H:%M:%fZ', upload_time / 1000.0, 'unixepoch')";
const YANKED_REASON = "nullif(yanked_reason, '')";

/**
 * What SQLite makes of a row of `files` for a page of a format. `@integrity` is the URL of the project's provenance with a slash at its end, escaped as the format
 * wants it. `||` makes NULL of NULL, and `concat` makes nothing of it: so what is not known is left out.
 */
export const PAGE_LINE: Readonly<Record<PageFormat, string>> = {
  json: concat(
    `'{"filename":"'`,
    'filename',
    `'","url":"'`,
    ...URL,
    `'","hashes":{"sha256":"'`,
    'sha256',
    `'"}'`,
    `',"requires-python":' || ${quoted('requires_python')}`,
    `',"size":'`,
    'size_bytes',
    `',"upload-time":"' || ${UPLOAD_TIME} || '"'`,
    `',"yanked":'`,
    `iif(yanked, coalesce(${quoted(YANKED_REASON)}, 'true'), 'false')`,
    `',"core-metadata":{"sha256":"' || metadata_sha256 || '"}'`,
    `',"provenance":"' || ${PROVENANCE_URL} || '"'`,
    `'}'`,
  ),
  html: concat(
    `'<a href="'`,
    ...URL,
    `'#sha256='`,
    'sha256',
    `'"'`,
    `' data-requires-python="' || ${escaped('requires_python')} || '"'`,
    `iif(yanked, coalesce(' data-yanked="' || ${escaped(YANKED_REASON)} || '"', ' data-yanked'), '')`,
    `' data-core-metadata="sha256=' || metadata_sha256 || '" data-dist-info-metadata="sha256=' || metadata_sha256 || '"'`,
    `' data-provenance="' || ${PROVENANCE_URL} || '"'`,
    `'>'`,
    'filename',
    `'</a><br>' || char(10)`,
  ),
};

function concat(...parts: string[]): string {
  return `concat(${parts.join(', ')})`;
}

/** As a text of JSON; NULL stays NULL. */
function quoted(text: string): string {
  return `iif(${text} IS NULL, NULL, json_quote(${text}))`;
}

function escaped(text: string): string {
  return Object.entries(ENTITIES).reduce(
    (inner, [character, entity]) => `replace(${inner}, '${character.replace("'", "''")}', '${entity}')`,
    text,
  );
}

// Reading pages of other indexes: https://packaging.python.org/en/latest/specifications/simple-repository-api/
import { Parser } from 'htmlparser2';
import { z } from 'zod';
import { WheelwrightError } from './errors.js';
import { type IndexFile, PROJECT_STATUSES, type ProjectPage, type ProjectStatus } from './simple-index.js';

const hashes = z.record(z.string(), z.string());
const fileSchema = z.object({
  filename: z.string().min(1),
  url: z.string().min(1),
  hashes,
  size: z.number().int().nonnegative().nullish(),
  'upload-time': z.string().nullish(),
  'requires-python': z.string().nullish(),
  yanked: z.union([z.boolean(), z.string()]).nullish(),
  'core-metadata': z.union([z.boolean(), hashes]).nullish(),
  'dist-info-metadata': z.union([z.boolean(), hashes]).nullish(),
  provenance: z.string().nullish(),
});
const pageSchema = z.object({
  meta: z.looseObject({ 'api-version': z.string() }).default({ 'api-version': '1.0' }),
  files: z.array(z.unknown()),
  'project-status': z.looseObject({ status: z.string(), reason: z.string().nullish() }).nullish(),
});
const STATUSES: readonly string[] = PROJECT_STATUSES;

/**
 * A JSON project page. Entries that are not files as PEP 691 describes them are left out.
 * @param pageUrl where it was read, after redirects: what relative URLs refer to.
 * @throws WheelwrightError `unavailable` when it is no such page or of a major version other than 1.
 */
export function parseProjectJson(text: string, name: string, pageUrl: string): ProjectPage {
  const parsed = pageSchema.safeParse(jsonOf(text, pageUrl));
  if (!parsed.success) throw notAPage(pageUrl, 'its JSON has no list of files');
  checkVersion(parsed.data.meta['api-version'], pageUrl);
  const status = parsed.data['project-status'];
  const files: IndexFile[] = [];
  for (const entry of parsed.data.files) {
    const file = fileSchema.safeParse(entry);
    const url = file.success ? resolveUrl(file.data.url, pageUrl) : undefined;
    if (file.success && url !== undefined) files.push(fromJson(file.data, url));
  }
  return { name, files, ...statusOf(status?.status, status?.reason ?? undefined) };
}

/**
 * An HTML project page. Links that lead to no file are left out.
 * @throws WheelwrightError `unavailable` for a page that is no index page, e.g. a login form, or of a major version other than 1.
 */
export function parseProjectHtml(text: string, name: string, pageUrl: string): ProjectPage {
  const files: IndexFile[] = [];
  const metas = new Map<string, string>();
  let base = pageUrl;
  let links = 0;
  const parser = new Parser({
    onopentag(tag, attributes) {
      if (tag === 'base' && attributes.href !== undefined) base = resolveUrl(attributes.href, pageUrl) ?? base;
      if (tag === 'meta' && attributes.name !== undefined) metas.set(attributes.name, attributes.content ?? '');
      if (tag !== 'a' || attributes.href === undefined) return;
      links++;
      const file = fromAnchor(attributes, base);
      if (file !== undefined) files.push(file);
    },
  });
  parser.end(text);
  const version = metas.get('pypi:repository-version');
  if (version !== undefined) checkVersion(version, pageUrl);
  if (version === undefined && files.length === 0 && (links > 0 || !/<html|<!doctype html/i.test(text))) {
    throw notAPage(pageUrl, 'it links to no file');
  }
  return { name, files, ...statusOf(metas.get('pypi:project-status'), metas.get('pypi:project-status-reason')) };
}

function fromJson(file: z.infer<typeof fileSchema>, url: string): IndexFile {
  const metadata = file['core-metadata'] ?? file['dist-info-metadata'] ?? false;
  const uploadTime = uploadTimeOf(file['upload-time'] ?? '');
  return {
    filename: file.filename,
    url,
    hashes: inLowerCase(file.hashes),
    ...(typeof file.size === 'number' ? { sizeBytes: file.size } : {}),
    ...(uploadTime === undefined ? {} : { uploadTime }),
    ...(file['requires-python'] ? { requiresPython: oneLine(file['requires-python']) } : {}),
    ...(file.yanked ? { yanked: file.yanked === true ? true : oneLine(file.yanked) } : {}),
    ...(metadata === false ? {} : { coreMetadata: metadata }),
    ...(file.provenance ? { provenanceUrl: file.provenance } : {}),
  };
}

/** Most are, and come back as they are. */
function inLowerCase(given: Record<string, string>): Record<string, string> {
  const sha256 = given.sha256?.toLowerCase();
  return sha256 === undefined || sha256 === given.sha256 ? given : { ...given, sha256 };
}

const UPLOAD_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z$/;
const OTHER_TIME = /^\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d))?$/;

/** As PEP 700 wants it, or not at all: clients read no other form, and some then take nothing of the page. */
function uploadTimeOf(text: string): string | undefined {
  const time = OTHER_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(time)) return undefined;
  return UPLOAD_TIME.test(text) ? text : new Date(time).toISOString();
}

const LINKED_FILE = /\.(whl|tar\.gz|zip|tar\.bz2|tgz|tar\.xz|egg|exe|msi|rpm|deb|dmg)$/;

function fromAnchor(attributes: Record<string, string>, base: string): IndexFile | undefined {
  const url = resolveUrl(attributes.href as string, base);
  if (url === undefined) return undefined;
  const { hash, pathname } = new URL(url);
  const filename = decoded(pathname.slice(pathname.lastIndexOf('/') + 1));
  if (filename === undefined || !LINKED_FILE.test(filename)) return undefined;
  const digest = /^#(sha256|sha384|sha512|sha1|md5|blake2b)=([0-9a-fA-F]+)$/.exec(hash);
  const metadata = attributes['data-core-metadata'] ?? attributes['data-dist-info-metadata'];
  const metadataSha256 = metadata === undefined ? undefined : /^sha256=([0-9a-f]+)$/.exec(metadata)?.[1];
  return {
    filename,
    url: url.slice(0, url.length - hash.length),
    hashes: digest === null ? {} : { [digest[1] as string]: (digest[2] as string).toLowerCase() },
    ...(attributes['data-requires-python'] ? { requiresPython: oneLine(attributes['data-requires-python']) } : {}),
    ...(attributes['data-yanked'] === undefined ? {} : { yanked: oneLine(attributes['data-yanked']) || true }),
    ...(metadata === undefined || metadata === 'false'
      ? {}
      : { coreMetadata: metadataSha256 === undefined ? (true as const) : { sha256: metadataSha256 } }),
    ...(attributes['data-provenance'] ? { provenanceUrl: attributes['data-provenance'] } : {}),
  };
}

function statusOf(
  status: string | undefined,
  reason: string | undefined,
): Pick<ProjectPage, 'status' | 'statusReason'> {
  if (status === undefined || !STATUSES.includes(status)) return {};
  return { status: status as ProjectStatus, ...(reason ? { statusReason: oneLine(reason) } : {}) };
}

/** What is shown to people; a control character would end up in a page of ours. */
function oneLine(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ');
}

function checkVersion(version: string, pageUrl: string): void {
  if (!/^1\.\d+$/.test(version))
    throw notAPage(pageUrl, `it is of API version ${JSON.stringify(version)}, and only 1.x is known`);
}

function jsonOf(text: string, pageUrl: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw notAPage(pageUrl, `its JSON is broken: ${(error as Error).message}`);
  }
}

function resolveUrl(url: string, base: string): string | undefined {
  const resolved = URL.canParse(url, base) ? new URL(url, base) : undefined;
  return resolved?.protocol === 'https:' || resolved?.protocol === 'http:' ? resolved.href : undefined;
}

function decoded(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

function notAPage(pageUrl: string, why: string): WheelwrightError {
  return new WheelwrightError('unavailable', `${pageUrl} is not an index page: ${why}`, {
    hint: 'A login form or an error page that answers 200 is the usual cause. Open the URL in a browser, and check WHEELWRIGHT_UPSTREAM.',
  });
}

// https://packaging.python.org/en/latest/specifications/binary-distribution-format/
import { createHash, hash } from 'node:crypto';
import { type CoreMetadata, parseCoreMetadata, parseHeaders } from '../../core/core-metadata.js';
import { WheelwrightError } from '../../core/errors.js';
import { normalizeProjectName } from '../../core/project-name.js';
import { isPublishablePlatform } from '../../core/tag.js';
import { isVersion, normalizeVersion } from '../../core/version.js';
import { expandTags, parseWheelFilename, type WheelName } from '../../core/wheel-name.js';
import { checkEntryPoints } from './entry-points.js';
import { checkLinkage, type WheelLinkage } from './wheel-linkage.js';
import { parseRecord, type RecordedFile, recordFault } from './wheel-record.js';
import { ZipArchive, type ZipLimits } from './zip-archive.js';
import type { ZipEntry } from './zip-framing.js';

export interface WheelFacts extends WheelLinkage {
  name: WheelName;
  sizeBytes: number;
  /** The METADATA file as it is in the wheel. */
  metadataBytes: Buffer;
  metadata: CoreMetadata;
}

export interface WheelCheckOptions {
  /** The name that the file is to have on the index; the path may be that of a temporary file. */
  filename: string;
  /** Refuse a name that is not in normalised form (`PyYAML-…` for `pyyaml-…`), which old backends write and public indexes no longer take. */
  requireNormalizedName?: boolean;
  limits?: Partial<ZipLimits>;
  /** All of the file, where it is in memory already; it is not read again then. */
  bytes?: Uint8Array;
}

/** What an archive may be before it is looked into. */
export const WHEEL_LIMITS: ZipLimits = { maxEntries: 200_000, maxExpandedBytes: 16 * 2 ** 30 };
const MAX_METADATA_BYTES = 4 << 20;
const MAX_RECORD_BYTES = 64 << 20;
const MAX_TAGS = 10_000;
const DATA_SCHEMES = new Set(['purelib', 'platlib', 'headers', 'scripts', 'data']);
const ELF_MAGIC = Buffer.from('\x7fELF', 'latin1');

/**
 * Checks everything that a wheel must be before an index may offer it, in one pass over its bytes with flat memory: framing of the archive, names, sizes, one
 * dist-info that fits the file name, METADATA, WHEEL, RECORD with the hash of every file, tags, entry points, and no native file that asks for a newer glibc than
 * the tag promises.
 * @throws WheelwrightError `invalid` with the first fault found.
 */
export async function checkWheel(path: string, options: WheelCheckOptions): Promise<WheelFacts> {
  const name = parseWheelFilename(options.filename);
  checkName(name, options);
  const limits = { ...WHEEL_LIMITS, ...options.limits };
  const archive = await (options.bytes === undefined
    ? ZipArchive.open(path, limits)
    : ZipArchive.over(options.bytes, limits));
  try {
    return await checkContents(archive, name);
  } finally {
    await archive.close();
  }
}

async function checkContents(archive: ZipArchive, name: WheelName): Promise<WheelFacts> {
  const files = new Map(archive.entries.filter(({ kind }) => kind === 'file').map((entry) => [entry.name, entry]));
  const distInfo = findDistInfo(archive.entries, name);
  checkDataFolders(files.keys(), distInfo);

  const read = async (file: string, maxBytes: number): Promise<Buffer> => {
    const entry = files.get(`${distInfo}/${file}`);
    if (entry === undefined) throw invalid(`${distInfo}/${file} is missing`);
    return archive.read(entry, maxBytes);
  };
  const metadataBytes = await read('METADATA', MAX_METADATA_BYTES);
  const metadata = parseCoreMetadata(metadataBytes, `${distInfo}/METADATA`);
  checkIdentity(metadata, name);
  checkWheelFile(await read('WHEEL', MAX_METADATA_BYTES), `${distInfo}/WHEEL`, name);
  if (files.has(`${distInfo}/entry_points.txt`)) {
    checkEntryPoints((await read('entry_points.txt', MAX_METADATA_BYTES)).toString('utf8'));
  }
  const record = parseRecord((await read('RECORD', MAX_RECORD_BYTES)).toString('utf8'), `${distInfo}/RECORD`);
  const natives = await checkHashes(archive, files, record, `${distInfo}/RECORD`);
  return {
    name,
    sizeBytes: archive.sizeBytes,
    metadataBytes,
    metadata,
    ...(await checkLinkage(archive, natives, name.platforms)),
  };
}

function checkName(name: WheelName, options: WheelCheckOptions): void {
  const normalized = name.project.replaceAll('-', '_');
  if (options.requireNormalizedName && name.distribution !== normalized) {
    throw invalid(
      `the file name begins with ${JSON.stringify(name.distribution)}, not with the normalised name ${JSON.stringify(normalized)}`,
      'The backend is older than the rule. Build again with a current one (setuptools 69.3 or newer, for instance).',
    );
  }
  const refused = name.platforms.filter((platform) => !isPublishablePlatform(platform));
  if (refused.length > 0) {
    throw invalid(
      `the platform tag ${refused.join(', ')} may not be published`,
      'A plain linux tag does not say which glibc it needs. Run `auditwheel repair`, which gives it a manylinux tag and grafts its libraries.',
    );
  }
}

/** The name of the one dist-info folder; it may be written otherwise than the file name, but must mean the same. */
function findDistInfo(entries: readonly ZipEntry[], name: WheelName): string {
  const folders = new Set(
    entries.map((entry) => entry.name.split('/', 1)[0] as string).filter((top) => top.endsWith('.dist-info')),
  );
  const [folder] = folders;
  if (folders.size !== 1 || folder === undefined) {
    throw invalid(`it has ${folders.size === 0 ? 'no' : 'more than one'} .dist-info folder`);
  }
  const [, distribution, version] = /^(.+)-([^-]+)\.dist-info$/.exec(folder) ?? [];
  if (!isSame(name, distribution, version?.replaceAll('_', '-'))) {
    throw invalid(
      `its folder ${JSON.stringify(folder)} does not belong to ${name.project} ${name.version}, which the file name says`,
    );
  }
  return folder;
}

function checkDataFolders(paths: Iterable<string>, distInfo: string): void {
  const own = distInfo.replace(/\.dist-info$/, '.data');
  for (const path of paths) {
    const [top, scheme, ...rest] = path.split('/');
    if (!top?.endsWith('.data') || rest.length === 0) continue;
    if (top !== own || !DATA_SCHEMES.has(scheme as string)) {
      throw invalid(
        `${JSON.stringify(path)} is in no folder that installers know: those are ${own}/{${[...DATA_SCHEMES].join(',')}}`,
      );
    }
  }
}

function checkIdentity(metadata: CoreMetadata, name: WheelName): void {
  if (!isSame(name, metadata.name, metadata.version)) {
    throw invalid(
      `METADATA says ${metadata.name} ${metadata.version}, the file name ${name.project} ${name.version}`,
      'Usually the file was renamed. Give it the name that the build gave it.',
    );
  }
}

function isSame(name: WheelName, project: string | undefined, version: string | undefined): boolean {
  return (
    project !== undefined &&
    version !== undefined &&
    isVersion(version) &&
    normalizeProjectName(project) === name.project &&
    normalizeVersion(version) === name.version
  );
}

/** Checks the WHEEL file against the file name. */
function checkWheelFile(bytes: Buffer, source: string, name: WheelName): void {
  const tags = expandTags(name).sort();
  const headers = parseHeaders(bytes, source);
  const one = (field: string) => headers.get(field)?.at(0);
  const format = one('wheel-version');
  if (!/^1\.\d+$/.test(format ?? ''))
    throw invalid(`${source} has Wheel-Version ${format ?? '(none)'}; only 1.x is known`);
  const purelib = one('root-is-purelib')?.toLowerCase();
  if (purelib !== 'true' && purelib !== 'false') throw invalid(`${source} does not say Root-Is-Purelib true or false`);

  const recorded = new Set(
    (headers.get('tag') ?? []).flatMap((tag) => {
      const [pythons, abis, platforms] = tag
        .toLowerCase()
        .split('-')
        .map((set) => set.split('.'));
      if (!pythons || !abis || !platforms) return [];
      if (pythons.length * abis.length * platforms.length > MAX_TAGS)
        throw invalid(`${source} has more than ${MAX_TAGS} tags`);
      return expandTags({ pythons, abis, platforms });
    }),
  );
  if (recorded.size !== tags.length || !tags.every((tag) => recorded.has(tag))) {
    throw invalid(
      `${source} has the tags ${[...recorded].sort().join(', ') || '(none)'}; the file name says ${tags.join(', ')}`,
      'Usually the file was renamed to make pip take it. Use `wheel tags`, or `auditwheel repair`, which change both.',
    );
  }
  const build = one('build');
  const wanted = name.buildTag && `${name.buildTag.number}${name.buildTag.suffix}`;
  if (build !== undefined && wanted !== undefined && build !== wanted) {
    throw invalid(`${source} has Build ${build}; the file name says ${wanted}`);
  }
}

/** Compares the files with RECORD, both ways; returns which of them are ELF. */
async function checkHashes(
  archive: ZipArchive,
  files: ReadonlyMap<string, ZipEntry>,
  record: ReadonlyMap<string, RecordedFile>,
  recordPath: string,
): Promise<ZipEntry[]> {
  const natives: ZipEntry[] = [];
  const unhashed = new Set([recordPath, `${recordPath}.jws`, `${recordPath}.p7s`]);
  for (const [path, entry] of files) {
    if (unhashed.has(path)) continue;
    const recorded = record.get(path);
    if (recorded === undefined) throw recordFault(`${JSON.stringify(path)} is in the wheel but not in RECORD`);
    const { digest, head } = await digestOf(archive, entry, recorded.algorithm);
    if (digest !== recorded.digest)
      throw recordFault(`${JSON.stringify(path)} has another ${recorded.algorithm} than RECORD says`);
    if (recorded.sizeBytes !== undefined && recorded.sizeBytes !== entry.sizeBytes) {
      throw recordFault(`${JSON.stringify(path)} has ${entry.sizeBytes} bytes; RECORD says ${recorded.sizeBytes}`);
    }
    if (head.equals(ELF_MAGIC)) natives.push(entry);
  }
  for (const path of record.keys()) {
    if (!files.has(path)) throw recordFault(`RECORD lists ${JSON.stringify(path)}, which is not in the wheel`);
  }
  return natives;
}

async function digestOf(
  archive: ZipArchive,
  entry: ZipEntry,
  algorithm: RecordedFile['algorithm'],
): Promise<{ digest: string; head: Buffer }> {
  let head: Buffer = Buffer.alloc(0);
  let first: Buffer | undefined;
  let hashing: ReturnType<typeof createHash> | undefined;
  for await (const piece of archive.content(entry)) {
    if (first === undefined) {
      first = piece;
      head = piece.subarray(0, ELF_MAGIC.length);
      continue;
    }
    hashing ??= createHash(algorithm).update(first);
    hashing.update(piece);
  }
  // Most files come in one piece, and hashing that in one call costs half.
  const digest = hashing?.digest('base64url') ?? hash(algorithm, first ?? Buffer.alloc(0), 'base64url');
  return { digest, head };
}

function invalid(
  what: string,
  hint = 'Usually the wheel was put together or changed by hand. Build it again with a current backend (`python -m build`).',
): WheelwrightError {
  return new WheelwrightError('invalid', `this wheel cannot be accepted: ${what}`, { hint });
}

// The ZIP format, as strictly as an index must read it: two readers that disagree about an archive are how malware passes a scanner. Every byte of the file
// belongs to exactly one header, one entry's data or the directory, and both headers of an entry say the same.
// Format: APPNOTE.TXT 6.3 of PKWARE, sections 4.3 and 4.4.
import { isUtf8 } from 'node:buffer';
import { checkEntryPath } from './entry-path.js';
import type { FileWindow } from './file-window.js';
import { ABSENT32, readZipEnd, wide } from './zip-end.js';
import { quote, zipFault } from './zip-fault.js';

export interface ZipEntry {
  /** Without a trailing slash. */
  name: string;
  kind: 'file' | 'directory';
  executable: boolean;
  /** Milliseconds since the epoch, taking the time in the archive, which has no zone, as UTC. */
  modifiedAt: number;
  method: 'stored' | 'deflated';
  crc32: number;
  compressedBytes: number;
  sizeBytes: number;
  /** Where the data begins. */
  dataOffset: number;
}

/** What the directory says of an entry, and the bytes that the local header must repeat. */
interface DirectoryEntry extends Omit<ZipEntry, 'dataOffset'> {
  flags: number;
  rawName: Buffer;
  headerOffset: number;
}

const LOCAL_HEADER = 0x04034b50;
const DIRECTORY_HEADER = 0x02014b50;
const MAX_DIRECTORY_BYTES = 64 << 20;

const FLAG_ENCRYPTED = 1;
const FLAG_DATA_DESCRIPTOR = 1 << 3;
const FLAG_UTF8 = 1 << 11;
/** Bits 1 and 2 only say how hard the compressor tried. */
const FLAGS_ALLOWED = 0b110 | FLAG_UTF8;

const EXTRA_ZIP64 = 0x0001;
const EXTRA_UNICODE_PATH = 0x7075;

/**
 * The entries in the order of their data.
 * @throws WheelwrightError `invalid` for anything that is not exactly one plain archive from the first byte to the last.
 */
export async function readZipFraming(file: FileWindow, maxEntries: number): Promise<ZipEntry[]> {
  const end = await readZipEnd(file);
  if (end.entryCount > maxEntries) throw zipFault(`it has ${end.entryCount} entries, more than ${maxEntries}`);
  if (end.directoryBytes > MAX_DIRECTORY_BYTES) throw zipFault(`its directory has ${end.directoryBytes} bytes`);
  const directory = parseDirectory(await file.bytes(end.directoryOffset, end.directoryBytes), end.entryCount);
  directory.sort((a, b) => a.headerOffset - b.headerOffset);

  const entries: ZipEntry[] = [];
  let position = 0;
  for (const entry of directory) {
    if (entry.headerOffset !== position) {
      throw zipFault(
        entry.headerOffset < position
          ? `its entry ${quote(entry.name)} overlaps another`
          : `${entry.headerOffset - position} bytes before its entry ${quote(entry.name)} belong to nothing`,
      );
    }
    const dataOffset = await readLocalHeader(file, entry);
    position = dataOffset + entry.compressedBytes;
    const { flags: _flags, rawName: _rawName, headerOffset: _headerOffset, ...rest } = entry;
    entries.push({ ...rest, dataOffset });
  }
  if (position !== end.directoryOffset) {
    throw zipFault(`${end.directoryOffset - position} bytes before its directory belong to nothing`);
  }
  return entries;
}

function parseDirectory(bytes: Buffer, entryCount: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = [];
  const names = new Set<string>();
  let at = 0;
  while (entries.length < entryCount) {
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== DIRECTORY_HEADER) {
      throw zipFault(`its directory breaks off after ${entries.length} of ${entryCount} entries`);
    }
    const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
    const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
    if (extraEnd > bytes.length) throw zipFault(`its directory breaks off in entry ${entries.length + 1}`);
    const entry = parseDirectoryEntry(bytes.subarray(at, nameEnd), bytes.subarray(nameEnd, extraEnd));
    if (names.has(entry.name)) throw zipFault(`it holds ${quote(entry.name)} twice`);
    names.add(entry.name);
    entries.push(entry);
    at = extraEnd;
  }
  if (at !== bytes.length) throw zipFault(`its directory has more than the ${entryCount} entries that it announces`);
  checkFolders(entries);
  return entries;
}

/** What lies in a file can be unpacked nowhere, or by some installers in place of the file. */
function checkFolders(entries: readonly DirectoryEntry[]): void {
  const files = new Set(entries.filter(({ kind }) => kind === 'file').map(({ name }) => name));
  const folders = new Set<string>();
  for (const { name } of entries) {
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1)) {
      const folder = name.slice(0, end);
      if (folders.has(folder)) break;
      if (files.has(folder)) throw zipFault(`its entry ${quote(name)} lies in ${quote(folder)}, which is a file`);
      folders.add(folder);
    }
  }
}

function parseDirectoryEntry(header: Buffer, extraBytes: Buffer): DirectoryEntry {
  const rawName = header.subarray(46);
  const flags = header.readUInt16LE(8);
  const { name, kind } = decodeName(rawName, flags);
  const fault = (why: string) => zipFault(`its entry ${quote(name)} ${why}`);

  if (flags & FLAG_ENCRYPTED) throw fault('is encrypted');
  if (flags & FLAG_DATA_DESCRIPTOR) {
    throw zipFault(
      `its entry ${quote(name)} has its sizes after the data (a data descriptor)`,
      'Usually the archive was written to a pipe. Write it to a file.',
    );
  }
  if (flags & ~FLAGS_ALLOWED) throw fault(`has flags (${flags}) that no backend sets`);
  if (header.readUInt16LE(32) !== 0) throw fault('has a comment');
  if (header.readUInt16LE(34) !== 0) throw fault('is on another volume');
  const method = header.readUInt16LE(10);
  if (method !== 0 && method !== 8) {
    throw fault(`is compressed by method ${method}; only stored and deflated (0, 8) can be read everywhere`);
  }
  const sizes = resolveSizes(
    {
      sizeBytes: header.readUInt32LE(24),
      compressedBytes: header.readUInt32LE(20),
      headerOffset: header.readUInt32LE(42),
    },
    extraBytes,
    name,
  );
  if (method === 0 && sizes.sizeBytes !== sizes.compressedBytes) throw fault('is stored, yet has two sizes');
  if (kind === 'directory' && sizes.sizeBytes !== 0) throw fault('is a directory with content');

  const madeOnUnix = header.readUInt16LE(4) >> 8 === 3;
  const mode = madeOnUnix ? header.readUInt32LE(38) >>> 16 : 0;
  if (![0, 0o100000, 0o040000].includes(mode & 0o170000)) throw fault('is a link or a device');
  return {
    name,
    kind,
    executable: (mode & 0o100) !== 0,
    modifiedAt: dosTime(header.readUInt16LE(14), header.readUInt16LE(12)),
    method: method === 0 ? 'stored' : 'deflated',
    crc32: header.readUInt32LE(16),
    ...sizes,
    flags,
    rawName,
  };
}

/** Checks that the local header repeats the directory; returns where the data begins. */
async function readLocalHeader(file: FileWindow, entry: DirectoryEntry): Promise<number> {
  const fault = (why: string) => zipFault(`its entry ${quote(entry.name)} ${why}`);
  const header = await file.bytes(entry.headerOffset, 30);
  if (header.length < 30 || header.readUInt32LE(0) !== LOCAL_HEADER) throw fault('has no header of its own');
  const nameBytes = header.readUInt16LE(26);
  const extraBytes = header.readUInt16LE(28);
  const rest = await file.bytes(entry.headerOffset + 30, nameBytes + extraBytes);
  const sizes = resolveSizes(
    { sizeBytes: header.readUInt32LE(22), compressedBytes: header.readUInt32LE(18) },
    rest.subarray(nameBytes),
    entry.name,
  );
  const differing = [
    !rest.subarray(0, nameBytes).equals(entry.rawName) && 'name',
    header.readUInt16LE(6) !== entry.flags && 'flags',
    header.readUInt16LE(8) !== (entry.method === 'stored' ? 0 : 8) && 'method',
    header.readUInt32LE(14) !== entry.crc32 && 'checksum',
    sizes.compressedBytes !== entry.compressedBytes && 'compressed size',
    sizes.sizeBytes !== entry.sizeBytes && 'size',
  ].filter((field) => field !== false);
  if (differing.length > 0) throw fault(`has another ${differing.join(' and ')} in its header than in the directory`);
  return entry.headerOffset + 30 + nameBytes + extraBytes;
}

function decodeName(raw: Buffer, flags: number): Pick<ZipEntry, 'name' | 'kind'> {
  if (!isUtf8(raw)) throw zipFault(`the name ${quote(raw.toString('latin1'))} in it is not UTF-8`);
  const text = raw.toString('utf8');
  if (text.length !== raw.length && !(flags & FLAG_UTF8)) {
    throw zipFault(`the name ${quote(text)} in it is not ASCII, and not marked as UTF-8`);
  }
  const kind = text.endsWith('/') ? 'directory' : 'file';
  const name = kind === 'directory' ? text.slice(0, -1) : text;
  checkEntryPath(name);
  return { name, kind };
}

/** Takes the values that did not fit their 32-bit fields from the ZIP64 extra field, where they stand in this order. */
function resolveSizes<Sizes extends Record<string, number>>(narrow: Sizes, extra: Buffer, name: string): Sizes {
  const wideField = findZip64(extra, name);
  let at = 0;
  return Object.fromEntries(
    Object.entries(narrow).map(([field, value]) => {
      if (value !== ABSENT32) return [field, value];
      if (wideField === undefined || at + 8 > wideField.length) {
        throw zipFault(`its entry ${quote(name)} lacks the 64-bit value that its header refers to`);
      }
      at += 8;
      return [field, wide(wideField, at - 8)];
    }),
  ) as Sizes;
}

function findZip64(extra: Buffer, name: string): Buffer | undefined {
  let found: Buffer | undefined;
  for (let at = 0; at < extra.length; ) {
    const end = at + 4 <= extra.length ? at + 4 + extra.readUInt16LE(at + 2) : Number.POSITIVE_INFINITY;
    if (end > extra.length) throw zipFault(`its entry ${quote(name)} has a broken extra field`);
    const id = extra.readUInt16LE(at);
    if (id === EXTRA_UNICODE_PATH) throw zipFault(`its entry ${quote(name)} has a second name in an extra field`);
    if (id === EXTRA_ZIP64) {
      if (found !== undefined) throw zipFault(`its entry ${quote(name)} has two 64-bit extra fields`);
      found = extra.subarray(at + 4, end);
    }
    at = end;
  }
  return found;
}

function dosTime(date: number, time: number): number {
  return Date.UTC(
    1980 + (date >> 9),
    ((date >> 5) & 0xf) - 1,
    date & 0x1f,
    time >> 11,
    (time >> 5) & 0x3f,
    (time & 0x1f) * 2,
  );
}

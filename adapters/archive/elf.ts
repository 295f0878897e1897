// What a native file asks of the system it is loaded on. ELF gABI chapter 5; symbol versions: Linux Standard Base 5.0, 10.7.
import { WheelwrightError } from '../../core/errors.js';

export interface ElfFacts {
  /** e_machine, e.g. 62 for x86_64. */
  machine: number;
  soname?: string;
  /** DT_NEEDED: sonames of the libraries that it is linked to. */
  needed: string[];
  /** Versions of symbols that it takes from others, e.g. `GLIBC_2.17`. */
  symbolVersions: string[];
}

/** Reads a piece of the file; shorter only at its end. */
export type ReadPiece = (offset: number, length: number) => Promise<Buffer>;

const HEAD_BYTES = 4096;
const MAX_TABLE_BYTES = 64 << 20;
const MAX_VERSIONS_BYTES = 1 << 20;
const MAX_VERSIONS = 10_000;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const DT_NEEDED = 1n;
const DT_STRTAB = 5n;
const DT_STRSZ = 10n;
const DT_SONAME = 14n;
const DT_VERNEED = 0x6ffffffen;
const DT_VERNEEDNUM = 0x6fffffffn;

/**
 * Reads the dynamic section of an ELF file; one without (a static program, an object file) asks for nothing.
 * @returns undefined for byte orders and classes that no supported platform has.
 * @throws WheelwrightError `invalid` for a file whose tables lead nowhere.
 */
export async function readElf(read: ReadPiece): Promise<ElfFacts | undefined> {
  const head = await read(0, HEAD_BYTES);
  const is64 = head[4] === 2;
  if (head.length < 64 || head[5] !== 1 || !(is64 || head[4] === 1)) return undefined;
  const facts: ElfFacts = { machine: head.readUInt16LE(18), needed: [], symbolVersions: [] };
  const segments = await readSegments(head, is64, read);
  const dynamic = segments.find(({ type }) => type === PT_DYNAMIC);
  if (dynamic === undefined || dynamic.fileBytes === 0) return facts;

  const tags = parseDynamic(await readTable(read, dynamic.offset, dynamic.fileBytes), is64);
  const one = (tag: bigint) => tags.find(([each]) => each === tag)?.[1];
  const strings = one(DT_STRTAB);
  const stringBytes = one(DT_STRSZ);
  if (strings === undefined || stringBytes === undefined) return facts;
  const table = await readTable(read, fileOffset(segments, strings), Number(stringBytes));
  const text = (offset: number) => {
    const end = table.indexOf(0, offset);
    if (offset >= table.length || end === -1) throw broken('a name lies outside its table of names');
    return table.toString('utf8', offset, end);
  };

  facts.needed = tags.filter(([tag]) => tag === DT_NEEDED).map(([, value]) => text(Number(value)));
  const soname = one(DT_SONAME);
  if (soname !== undefined) facts.soname = text(Number(soname));
  const versions = one(DT_VERNEED);
  if (versions !== undefined) {
    const bytes = await read(fileOffset(segments, versions), MAX_VERSIONS_BYTES);
    facts.symbolVersions = parseVersionNeeds(bytes, Number(one(DT_VERNEEDNUM) ?? 0n)).map(text);
  }
  return facts;
}

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  fileBytes: number;
}

async function readSegments(head: Buffer, is64: boolean, read: ReadPiece): Promise<Segment[]> {
  const offset = is64 ? Number(head.readBigUInt64LE(32)) : head.readUInt32LE(28);
  const entryBytes = head.readUInt16LE(is64 ? 54 : 42);
  const count = head.readUInt16LE(is64 ? 56 : 44);
  if (count === 0) return [];
  if (entryBytes < (is64 ? 56 : 32)) throw broken('its segments have no known form');
  const bytes = await readTable(read, offset, entryBytes * count);
  return Array.from({ length: count }, (_, n) => {
    const at = n * entryBytes;
    return {
      type: bytes.readUInt32LE(at),
      offset: is64 ? Number(bytes.readBigUInt64LE(at + 8)) : bytes.readUInt32LE(at + 4),
      address: is64 ? bytes.readBigUInt64LE(at + 16) : BigInt(bytes.readUInt32LE(at + 8)),
      fileBytes: is64 ? Number(bytes.readBigUInt64LE(at + 32)) : bytes.readUInt32LE(at + 16),
    };
  });
}

function parseDynamic(bytes: Buffer, is64: boolean): [tag: bigint, value: bigint][] {
  const tags: [bigint, bigint][] = [];
  const entryBytes = is64 ? 16 : 8;
  for (let at = 0; at + entryBytes <= bytes.length; at += entryBytes) {
    const tag = is64 ? bytes.readBigInt64LE(at) : BigInt(bytes.readInt32LE(at));
    if (tag === 0n) break;
    tags.push([tag, is64 ? bytes.readBigUInt64LE(at + 8) : BigInt(bytes.readUInt32LE(at + 4))]);
  }
  return tags;
}

/**
 * Offsets of the version names in the table of names. The form is the same for 32 and 64 bits. Counts are not believed: a chain ends where it has no next, and
 * chains that are laid over each other end at a number of names that no file has.
 */
function parseVersionNeeds(bytes: Buffer, count: number): number[] {
  const names: number[] = [];
  const inside = (at: number) => {
    if (at + 16 > bytes.length) throw broken('its table of symbol versions breaks off');
    return at;
  };
  const chain = (start: number, length: number, visit: (at: number) => void) => {
    let at = start;
    for (let n = 0; n < length; n++) {
      visit(inside(at));
      const next = bytes.readUInt32LE(at + 12);
      if (next === 0) return;
      at += next;
    }
  };
  chain(0, count, (file) => {
    chain(file + bytes.readUInt32LE(file + 8), bytes.readUInt16LE(file + 2), (version) => {
      if (names.push(bytes.readUInt32LE(version + 8)) > MAX_VERSIONS) throw broken('it has too many symbol versions');
    });
  });
  return names;
}

function fileOffset(segments: readonly Segment[], address: bigint): number {
  const segment = segments.find(
    (each) => each.type === PT_LOAD && address >= each.address && address < each.address + BigInt(each.fileBytes),
  );
  if (segment === undefined) throw broken('a table lies in no segment');
  return segment.offset + Number(address - segment.address);
}

async function readTable(read: ReadPiece, offset: number, length: number): Promise<Buffer> {
  if (length > MAX_TABLE_BYTES) throw broken(`a table has ${length} bytes`);
  const bytes = await read(offset, length);
  if (bytes.length !== length) throw broken('a table lies behind its end');
  return bytes;
}

function broken(why: string): WheelwrightError {
  return new WheelwrightError('invalid', `a native file is broken: ${why}`, {
    hint: 'Usually a tool that strips or patches binaries damaged it, or it was cut off. Build it again.',
  });
}

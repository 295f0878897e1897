import { crc32, deflateRawSync } from 'node:zlib';

/** The fields of one entry's two headers; what is left out is derived from the data. */
export interface ZipFields {
  name: string | Buffer;
  flags: number;
  method: number;
  crc: number;
  compressedBytes: number;
  sizeBytes: number;
  extra: Buffer;
}

export interface ZipPart extends Partial<ZipFields> {
  name: string | Buffer;
  data?: string | Buffer;
  /** What the local header says instead. */
  local?: Partial<ZipFields>;
  comment?: string;
  disk?: number;
  mode?: number;
  /** Bytes that belong to nothing, before the entry. */
  gap?: Buffer;
  /** Raw bytes behind the compressed data, counted into its size. */
  behind?: Buffer;
  /** Offset in the directory, relative to the true one. */
  shift?: number;
}

export interface ZipFrame {
  prefix?: Buffer;
  /** Offsets count from behind the prefix, as when it was put before a finished archive. */
  prepended?: boolean;
  reverseDirectory?: boolean;
  beforeDirectory?: Buffer;
  insideDirectory?: Buffer;
  beforeEnd?: Buffer;
  suffix?: Buffer;
  comment?: string;
  /** Added to the number of entries that the end announces. */
  extraCount?: number;
  disk?: number;
  /** Write a 64-bit end too, with these changes. */
  end64?: { count?: number; size?: number };
}

/** Writes a ZIP archive, faults included. */
export function makeZip(parts: readonly ZipPart[], frame: ZipFrame = {}): Buffer {
  const body: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  const push = (bytes: Buffer) => {
    body.push(bytes);
    offset += bytes.length;
  };
  push(frame.prefix ?? Buffer.alloc(0));
  const base = frame.prepended ? offset : 0;
  for (const part of parts) {
    push(part.gap ?? Buffer.alloc(0));
    const data = Buffer.from(part.data ?? '');
    const method = part.method ?? (data.length > 0 ? 8 : 0);
    const raw = Buffer.concat([method === 8 ? deflateRawSync(data) : data, part.behind ?? Buffer.alloc(0)]);
    const fields: ZipFields = {
      flags: /[^\x00-\x7f]/.test(part.name.toString()) ? 0x800 : 0,
      crc: crc32(data),
      compressedBytes: raw.length,
      sizeBytes: data.length,
      extra: Buffer.alloc(0),
      ...part,
      method,
    };
    const at = offset - base + (part.shift ?? 0);
    push(localHeader({ ...fields, ...part.local }));
    push(raw);
    directory.push(directoryHeader(fields, part, at));
  }
  push(frame.beforeDirectory ?? Buffer.alloc(0));
  const directoryOffset = offset - base;
  if (frame.reverseDirectory) directory.reverse();
  const central = Buffer.concat([...directory, frame.insideDirectory ?? Buffer.alloc(0)]);
  push(central);
  push(frame.beforeEnd ?? Buffer.alloc(0));
  const count = parts.length + (frame.extraCount ?? 0);
  if (frame.end64) push(end64(frame.end64.count ?? count, frame.end64.size ?? central.length, directoryOffset, offset));
  push(end(frame, count, central.length, directoryOffset));
  push(frame.suffix ?? Buffer.alloc(0));
  return Buffer.concat(body);
}

/** A ZIP64 extra field. */
export function zip64Extra(...values: number[]): Buffer {
  const bytes = Buffer.alloc(4 + 8 * values.length);
  bytes.writeUInt16LE(1, 0);
  bytes.writeUInt16LE(8 * values.length, 2);
  values.forEach((value, n) => {
    bytes.writeBigUInt64LE(BigInt(value), 4 + 8 * n);
  });
  return bytes;
}

function common(fields: ZipFields, nameBytes: number): Buffer {
  const bytes = Buffer.alloc(26);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt16LE(fields.flags, 2);
  bytes.writeUInt16LE(fields.method, 4);
  bytes.writeUInt16LE(0, 6);
  bytes.writeUInt16LE(0x5a21, 8);
  bytes.writeUInt32LE(fields.crc, 10);
  bytes.writeUInt32LE(fields.compressedBytes, 14);
  bytes.writeUInt32LE(fields.sizeBytes, 18);
  bytes.writeUInt16LE(nameBytes, 22);
  bytes.writeUInt16LE(fields.extra.length, 24);
  return bytes;
}

function localHeader(fields: ZipFields): Buffer {
  const name = Buffer.from(fields.name);
  return Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common(fields, name.length), name, fields.extra]);
}

function directoryHeader(fields: ZipFields, part: ZipPart, offset: number): Buffer {
  const name = Buffer.from(fields.name);
  const comment = Buffer.from(part.comment ?? '');
  const tail = Buffer.alloc(14);
  tail.writeUInt16LE(comment.length, 0);
  tail.writeUInt16LE(part.disk ?? 0, 2);
  tail.writeUInt32LE(((part.mode ?? 0o100644) << 16) >>> 0, 6);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([
    Buffer.from('PK\x01\x02', 'latin1'),
    Buffer.from([20, 3]),
    common(fields, name.length),
    tail,
    name,
    fields.extra,
    comment,
  ]);
}

function end(frame: ZipFrame, count: number, size: number, offset: number): Buffer {
  const comment = Buffer.from(frame.comment ?? '');
  const bytes = Buffer.alloc(22);
  bytes.write('PK\x05\x06', 'latin1');
  bytes.writeUInt16LE(frame.disk ?? 0, 4);
  bytes.writeUInt16LE(count, 8);
  bytes.writeUInt16LE(count, 10);
  bytes.writeUInt32LE(size, 12);
  bytes.writeUInt32LE(offset, 16);
  bytes.writeUInt16LE(comment.length, 20);
  return Buffer.concat([bytes, comment]);
}

function end64(count: number, size: number, directoryOffset: number, at: number): Buffer {
  const bytes = Buffer.alloc(76);
  bytes.write('PK\x06\x06', 'latin1');
  bytes.writeBigUInt64LE(44n, 4);
  bytes.writeUInt16LE(45, 12);
  bytes.writeUInt16LE(45, 14);
  bytes.writeBigUInt64LE(BigInt(count), 24);
  bytes.writeBigUInt64LE(BigInt(count), 32);
  bytes.writeBigUInt64LE(BigInt(size), 40);
  bytes.writeBigUInt64LE(BigInt(directoryOffset), 48);
  bytes.write('PK\x06\x07', 56, 'latin1');
  bytes.writeBigUInt64LE(BigInt(at), 64);
  bytes.writeUInt32LE(1, 72);
  return bytes;
}

// Where the directory of a ZIP archive is: sections 4.3.14 to 4.3.16 of APPNOTE.TXT.
import type { FileWindow } from './file-window.js';
import { zipFault } from './zip-fault.js';

const END = 0x06054b50;
const END_BYTES = 22;
const END64 = 0x06064b50;
const END64_BYTES = 56;
const END64_LOCATOR = 0x07064b50;
const END64_LOCATOR_BYTES = 20;
const ABSENT16 = 0xffff;
/** Stands for a value that did not fit 32 bits and is found elsewhere. */
export const ABSENT32 = 0xffffffff;

export interface ZipEnd {
  entryCount: number;
  directoryOffset: number;
  directoryBytes: number;
}

/** @throws WheelwrightError `invalid` unless the file ends in exactly one plain end of a directory. */
export async function readZipEnd(file: FileWindow): Promise<ZipEnd> {
  const tail = await file.tail();
  const at = tail.length - END_BYTES;
  if (at < 0 || tail.readUInt32LE(at) !== END) {
    const signature = Buffer.from('PK\x05\x06', 'latin1');
    throw tail.includes(signature)
      ? zipFault('it has a comment or other data after its end')
      : zipFault(
          'it is not a ZIP archive, or its end is missing',
          'Usually the transfer was cut off, or the file is something else. Send it again.',
        );
  }
  if (tail.readUInt16LE(at + 20) !== 0) throw zipFault('its end announces a comment');
  const disks = [tail.readUInt16LE(at + 4), tail.readUInt16LE(at + 6)];
  const onThisDisk = tail.readUInt16LE(at + 8);
  let end: ZipEnd = {
    entryCount: tail.readUInt16LE(at + 10),
    directoryBytes: tail.readUInt32LE(at + 12),
    directoryOffset: tail.readUInt32LE(at + 16),
  };
  let endOffset = file.sizeBytes - END_BYTES;
  const locatorAt = at - END64_LOCATOR_BYTES;
  if (locatorAt >= 0 && tail.readUInt32LE(locatorAt) === END64_LOCATOR) {
    endOffset -= END64_LOCATOR_BYTES + END64_BYTES;
    end = readEnd64(tail, locatorAt, endOffset, end);
  } else if (disks.some((disk) => disk !== 0) || onThisDisk !== end.entryCount) {
    throw zipFault('it is part of an archive in several volumes');
  }
  if (end.directoryOffset + end.directoryBytes !== endOffset) {
    throw zipFault('its directory is not where its end says, so there is data before the archive or inside its end');
  }
  return end;
}

function readEnd64(tail: Buffer, locatorAt: number, endOffset: number, narrow: ZipEnd): ZipEnd {
  const at = locatorAt - END64_BYTES;
  const wellPlaced =
    at >= 0 &&
    tail.readUInt32LE(at) === END64 &&
    tail.readBigUInt64LE(at + 4) === BigInt(END64_BYTES - 12) &&
    tail.readBigUInt64LE(locatorAt + 8) === BigInt(endOffset) &&
    tail.readUInt32LE(at + 16) === 0 &&
    tail.readUInt32LE(at + 20) === 0 &&
    tail.readBigUInt64LE(at + 24) === tail.readBigUInt64LE(at + 32);
  if (!wellPlaced) throw zipFault('its 64-bit end is not a plain one');
  const end: ZipEnd = {
    entryCount: wide(tail, at + 32),
    directoryBytes: wide(tail, at + 40),
    directoryOffset: wide(tail, at + 48),
  };
  const agrees =
    [end.entryCount, ABSENT16].includes(narrow.entryCount) &&
    [end.directoryBytes, ABSENT32].includes(narrow.directoryBytes) &&
    [end.directoryOffset, ABSENT32].includes(narrow.directoryOffset);
  if (!agrees) throw zipFault('its two ends say different things');
  return end;
}

/** A 64-bit value. */
export function wide(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw zipFault(`it holds a size or offset of ${value} bytes`);
  return Number(value);
}

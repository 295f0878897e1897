// Small, sound wheels made on the spot; archives of STORED entries by APPNOTE.TXT.
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { expandTags, parseWheelFilename } from '../../core/wheel-name.js';

export interface TestWheel {
  filename: string;
  bytes: Buffer;
  sha256: string;
}

/** A wheel of that file name, with one module; `content` makes wheels of one name differ. */
export function makeWheel(filename: string, content = 'value = 1\n', metadata: readonly string[] = []): TestWheel {
  const name = parseWheelFilename(filename);
  const folder = `${name.distribution}-${name.versionText}.dist-info`;
  const files = new Map<string, string>([
    [`${name.distribution}.py`, content],
    [
      `${folder}/METADATA`,
      ['Metadata-Version: 2.1', `Name: ${name.project}`, `Version: ${name.version}`, ...metadata, ''].join('\n'),
    ],
    [
      `${folder}/WHEEL`,
      ['Wheel-Version: 1.0', 'Root-Is-Purelib: true', ...expandTags(name).map((tag) => `Tag: ${tag}`), ''].join('\n'),
    ],
  ]);
  const rows = [...files].map(([path, text]) => {
    const digest = createHash('sha256').update(text).digest('base64url');
    return `${path},sha256=${digest},${Buffer.byteLength(text)}`;
  });
  files.set(`${folder}/RECORD`, [...rows, `${folder}/RECORD,,`, ''].join('\n'));
  const bytes = zip(files);
  return { filename, bytes, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function zip(files: ReadonlyMap<string, string>): Buffer {
  const locals: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  for (const [path, text] of files) {
    const name = Buffer.from(path);
    const body = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(0x21, 8); // 1980-01-01
    common.writeUInt32LE(crc32(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), common, name, body]);
    const trailer = Buffer.alloc(14);
    trailer.writeUInt32LE((0o100644 << 16) >>> 0, 6);
    trailer.writeUInt32LE(offset, 10);
    central.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), common, trailer, name]));
    locals.push(local);
    offset += local.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(files.size, 8);
  end.writeUInt16LE(files.size, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...locals, directory, end]);
}

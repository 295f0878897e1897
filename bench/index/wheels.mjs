// Small wheels that pass every check of an upload, and the forms that twine sends them in.
import { createHash } from 'node:crypto';
import { request } from 'node:http';
import { crc32, deflateRawSync } from 'node:zlib';

const BOUNDARY = 'wheelwright-bench-7d1f0a5c3b9e';

/** A pure wheel: `payload` bytes that do not compress beside a module, METADATA with a description, WHEEL, RECORD. */
export function makeWheel(project, version, payload = 2000) {
  const module = project.replaceAll('-', '_');
  const info = `${module}-${version}.dist-info`;
  const metadata = `Metadata-Version: 2.1\nName: ${project}\nVersion: ${version}\nSummary: a wheel of the benchmark\nRequires-Python: >=3.8\nDescription-Content-Type: text/plain\n\n${'text '.repeat(80)}\n`;
  const files = {
    [`${module}/__init__.py`]: `VERSION = ${JSON.stringify(version)}\n`,
    [`${module}/data.bin`]: createHash('shake256', { outputLength: payload }).update(`${project} ${version}`).digest(),
    [`${info}/METADATA`]: metadata,
    [`${info}/WHEEL`]: 'Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  };
  const record = Object.entries(files).map(
    ([path, text]) => `${path},sha256=${createHash('sha256').update(text).digest('base64url')},${text.length}`,
  );
  files[`${info}/RECORD`] = `${[...record, `${info}/RECORD,,`].join('\n')}\n`;
  return { filename: `${module}-${version}-py3-none-any.whl`, project, version, metadata, bytes: zip(files) };
}

/** The body of twine's request for one wheel. */
export function uploadForm({ filename, project, version, metadata, bytes }) {
  const fields = {
    ':action': 'file_upload',
    protocol_version: '1',
    filetype: 'bdist_wheel',
    pyversion: 'py3',
    sha256_digest: createHash('sha256').update(bytes).digest('hex'),
    blake2_256_digest: createHash('blake2b512').update(bytes).digest('hex').slice(0, 64),
    metadata_version: '2.1',
    name: project,
    version,
    summary: 'a wheel of the benchmark',
    requires_python: '>=3.8',
    description: metadata.slice(metadata.indexOf('\n\n')),
  };
  const text = Object.entries(fields).map(
    ([name, value]) => `--${BOUNDARY}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  );
  text.push(
    `--${BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="${filename}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
  );
  return Buffer.concat([Buffer.from(text.join('')), bytes, Buffer.from(`\r\n--${BOUNDARY}--\r\n`)]);
}

/** Sends it as twine does. */
export function upload(url, token, body, agent) {
  const headers = {
    authorization: `Basic ${Buffer.from(`__token__:${token}`).toString('base64')}`,
    'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
    'content-length': body.length,
  };
  return new Promise((resolve, reject) => {
    request(url, { method: 'POST', agent, headers }, async (response) => {
      let text = '';
      for await (const piece of response) text += piece;
      if (response.statusCode === 200) resolve();
      else reject(new Error(`${response.statusCode} ${text}`));
    })
      .on('error', reject)
      .end(body);
  });
}

function zip(files) {
  const body = [];
  const directory = [];
  let offset = 0;
  for (const [path, text] of Object.entries(files)) {
    const data = Buffer.from(text);
    const packed = data.length > 1 << 20 ? data : deflateRawSync(data);
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(packed === data ? 0 : 8, 4);
    // 1980-01-01
    fields.writeUInt16LE(0x21, 8);
    fields.writeUInt32LE(crc32(data), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(data.length, 18);
    fields.writeUInt16LE(path.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), fields, Buffer.from(path), packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), fields, rest, Buffer.from(path));
    body.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(body.length, 8);
  end.writeUInt16LE(body.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...body, central, end]);
}

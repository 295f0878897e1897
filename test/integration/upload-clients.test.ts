import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { pythonClient } from '../support/python-client.js';
import { startUploadService, type UploadService } from '../support/upload-service.js';
import { makeWheel } from '../support/wheel-maker.js';

let service: UploadService;
beforeAll(async () => {
  service = await startUploadService();
});
afterAll(() => service.close());

/** A wheel of a project that no other test uses. */
let count = 0;
function freshWheel(options: Parameters<typeof makeWheel>[0] = {}) {
  return makeWheel({ filename: `fresh${++count}-1.0-py3-none-any.whl`, ...options });
}

let bin: string;
const run = (command: string, args: string[], env: Record<string, string> = {}) =>
  new Promise<{ code: number; output: string }>((resolve) => {
    execFile(command, args, { env: { ...process.env, ...env } }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), output: stdout + stderr });
    });
  });
const twine = async (wheel: { filename: string; bytes: Buffer }, ...args: string[]) => {
  const path = join(service.folder, wheel.filename);
  await writeFile(path, wheel.bytes);
  return run(join(bin, 'twine'), ['upload', '--non-interactive', '--disable-progress-bar', ...args, path], {
    TWINE_REPOSITORY_URL: service.url,
    TWINE_USERNAME: '__token__',
    TWINE_PASSWORD: 'upload-secret',
  });
};

beforeAll(async () => {
  bin = await pythonClient('uploaders', 'twine', 'uv');
}, 300_000);

it('twine uploads, again, and another file of the name', async () => {
  const wheel = freshWheel();
  const first = await twine(wheel);
  expect(first.code, first.output).toBe(0);
  expect(await service.store.file(wheel.filename)).toMatchObject({ origin: 'upload' });
  expect((await twine(wheel)).code).toBe(0);

  const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
  const refused = await twine(other);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/409/);
  expect(refused.output).toMatch(/already exists with other/);
});

it('twine takes the refusal as one that --skip-existing skips', async () => {
  const wheel = freshWheel();
  await service.upload(wheel);
  const other = makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } });
  // The newest twine has the option for the public index only, but what it decides by is there for others, too.
  const script = `
import hashlib, sys, requests
from twine.commands.upload import skip_upload
url, filename, path = sys.argv[1:]
content = open(path, "rb").read()
name, version = filename.split("-")[:2]
response = requests.post(
    url,
    auth=("__token__", "upload-secret"),
    data={":action": "file_upload", "filetype": "bdist_wheel", "name": name, "version": version,
          "sha256_digest": hashlib.sha256(content).hexdigest()},
    files={"content": (filename, content)},
)
print(response.status_code, skip_upload(response, True, None))
`;
  const path = join(service.folder, 'other.whl');
  await writeFile(path, other.bytes);
  const { output } = await run(join(bin, 'python'), ['-c', script, service.url, wheel.filename, path]);
  expect(output.trim()).toBe('409 True');
});

it('twine shows why a wheel is refused', async () => {
  const { code, output } = await twine(freshWheel({ frame: { prefix: Buffer.from('junk') } }));
  expect(code).not.toBe(0);
  expect(output.replaceAll(/\s+/g, ' ')).toMatch(/4 bytes before its entry/);
});

it('twine shows what to do about a token', async () => {
  const { code, output } = await twine(freshWheel(), '--password', 'wrong', '--verbose');
  expect(code).not.toBe(0);
  expect(output.replaceAll(/\s+/g, ' ')).toMatch(/this is no valid token/);
});

it('uv uploads, again, and another file of the name', async () => {
  const wheel = freshWheel();
  const path = join(service.folder, wheel.filename);
  const publish = async (bytes: Buffer) => {
    await writeFile(path, bytes);
    const options = ['--publish-url', service.url, '--username', '__token__', '--password', 'upload-secret'];
    return run(join(bin, 'uv'), ['publish', '--no-config', '--trusted-publishing', 'never', ...options, path]);
  };
  const first = await publish(wheel.bytes);
  expect(first.code, first.output).toBe(0);
  expect(await service.store.file(wheel.filename)).toMatchObject({ origin: 'upload' });
  expect((await publish(wheel.bytes)).code).toBe(0);
  const refused = await publish(makeWheel({ filename: wheel.filename, files: { 'other.py': 'changed' } }).bytes);
  expect(refused.code).not.toBe(0);
  expect(refused.output).toMatch(/already exists with other bytes/);
});

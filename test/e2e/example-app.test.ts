import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import Docker from 'dockerode';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestService, type TestService } from '../support/service.js';

const FOLDER = 'examples/app';
const PORT = 18_431;
const docker = new Docker();
const tag = `wheelwright-example-app:test-${process.pid}`;

interface ListedImage {
  name: string;
  python: string;
}

let service: TestService;
let base: string;

beforeAll(async () => {
  service = await startTestService();
  const requirements = (await readFile(path.join(FOLDER, 'requirements.txt'), 'utf8')).trim().split('\n');
  const hard = requirements.filter((line) => /^(psycopg2|python-ldap)==/.test(line));
  expect(hard).toHaveLength(2);
  const built = await service.wheelwright('build', ...hard);
  expect(built.code, built.err).toBe(0);
  const listed = await service.wheelwright('image', 'list', '--json');
  expect(listed.code, listed.err).toBe(0);
  const { images } = JSON.parse(listed.out);
  base = images.find((image: ListedImage) => image.name === 'debian-11' && image.python === 'cp313').built.clean;
  await buildImage({ BASE: base, INDEX_URL: `${service.indexUrl}/simple/` });
});

afterAll(async () => {
  await docker
    .getImage(tag)
    .remove({ force: true })
    .catch(() => undefined);
  await service?.close();
});

/** Builds examples/app as `docker build --network host` does. */
async function buildImage(buildargs: Record<string, string>): Promise<void> {
  const context = pack();
  for (const name of ['Dockerfile', 'requirements.txt', 'app.py']) {
    context.entry({ name }, await readFile(path.join(FOLDER, name)));
  }
  context.finalize();
  const stream = await docker.buildImage(context as unknown as NodeJS.ReadableStream, {
    t: tag,
    networkmode: 'host',
    buildargs: buildargs as never,
  });
  await new Promise<void>((resolve, reject) => {
    let log = '';
    docker.modem.followProgress(
      stream,
      (error: Error | null) => (error === null ? resolve() : reject(new Error(`${error.message}\n${log}`))),
      (event: { stream?: string }) => {
        log += event.stream ?? '';
      },
    );
  });
}

/** Runs a shell script in the image as its own user; gives what it printed. */
async function inImage(script: string): Promise<string> {
  const container = await docker.createContainer({
    Image: tag,
    Entrypoint: ['sh', '-c', script],
    Tty: true,
    HostConfig: { NetworkMode: 'none' },
  });
  try {
    // Attached before the start, so that its end is the end of all output.
    const output = await container.attach({ stream: true, stdout: true, stderr: true });
    await container.start();
    return (await text(output)).replaceAll('\r', '');
  } finally {
    await container.remove({ force: true });
  }
}

describe('the image of examples/app', () => {
  test('serves, with the drivers that were built here', async () => {
    const container = await docker.createContainer({
      Image: tag,
      Env: [`PORT=${PORT}`, 'HOST=127.0.0.1', 'DATABASE_URL=postgresql://nobody@127.0.0.1:1/none'],
      HostConfig: { NetworkMode: 'host', ReadonlyRootfs: true, Tmpfs: { '/tmp': 'rw,nosuid,nodev,noexec' } },
    });
    try {
      await container.start();
      const health = await answer('/healthz');
      expect(health.body).toMatchObject({ status: 'ok', user: 10_001, libpq: expect.any(Number), ldap: '3.4.8' });
      const people = await answer('/people?name=ada');
      expect(people.status).toBe(503);
      expect(people.body.unavailable.database).toMatch(/Connection refused/);
      expect((await answer('/people')).status).toBe(400);
    } finally {
      await container.remove({ force: true });
    }
  });

  test('holds no compiler, no headers and no pip of its own', async () => {
    expect(await inImage('for t in cc gcc g++ clang ld make; do command -v $t; done; true')).toBe('');
    expect(
      await inImage('find /opt/venv /usr/include -name "*.h" 2>/dev/null; ls /opt/venv/bin | grep -x pip; true'),
    ).toBe('');
  });

  test('runs as a user of its own that can write neither the virtual environment nor the application', async () => {
    const out = await inImage(
      'id -u; for f in /opt/venv /opt/venv/lib/python3.13/site-packages /srv/app; do touch $f/x 2>/dev/null && echo writable $f; done; true',
    );
    expect(out).toBe('10001\n');
  });

  test('took its hard packages from this index, not from upstream', async () => {
    const out = await inImage('ls -d /opt/venv/lib/python3.13/site-packages/*.libs');
    expect(out).toMatch(/psycopg2\.libs/);
    expect(out).toMatch(/python_ldap\.libs/);
  });

  test('stays under 200 MB over its base', async () => {
    const [image, below] = await Promise.all([docker.getImage(tag).inspect(), docker.getImage(base).inspect()]);
    expect(image.Size - below.Size).toBeLessThan(200e6);
  });
});

async function answer(
  url: string,
): Promise<{ status: number; body: Record<string, never> & { unavailable: Record<string, string> } }> {
  for (let tries = 0; ; tries += 1) {
    try {
      const response = await fetch(`http://127.0.0.1:${PORT}${url}`);
      return { status: response.status, body: (await response.json()) as never };
    } catch (error) {
      if (tries >= 100) throw error;
      await sleep(100);
    }
  }
}

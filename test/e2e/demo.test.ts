import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runFrontDoor } from '../support/service.js';

let data: string;
let environment: NodeJS.ProcessEnv;

beforeAll(async () => {
  data = await mkdtemp(path.join(tmpdir(), 'wheelwright-demo-'));
  environment = {
    ...process.env,
    WHEELWRIGHT_DATA: data,
    WHEELWRIGHT_API_PORT: '0',
    WHEELWRIGHT_INDEX_PORT: '0',
    WHEELWRIGHT_INSTANCE: `demo-${process.pid}`,
    WHEELWRIGHT_COMPILER_CACHE_BYTES: '0',
  };
});
afterAll(() => rm(data, { recursive: true }));

test('demo builds psycopg2 from source and installs it by plain pip where nothing can compile', async () => {
  const { code, out, err } = await runFrontDoor(environment, 'demo');
  expect(code, err).toBe(0);
  expect(out).toMatch(/psycopg2 \S+ was built from source/);
  expect(out).toMatch(/file +psycopg2-\S+-cp313-cp313-manylinux_2_31_x86_64\.whl, [\d.]+ MB/);
  expect(out).toMatch(/tag +cp313-cp313-manylinux_2_31_x86_64/);
  expect(out).toMatch(/grafted +\d+ libraries: .*libpq\.so\.5/);
  expect(out).toMatch(/phases +fetch .*, build .*, repair .*, test .*, publish /);
  expect(out).toMatch(/glibc 2\.31, user 1000, no compiler/);
  expect(out).toMatch(/import .*psycopg2\/__init__\.py: version .*libpq version \d+/);
  expect(err).toMatch(/: build\n(.*\n)*.*: repair\n(.*\n)*.*: test\n/);
  // Whatever was started for it is gone, and so is the note by which others would look for it.
  expect(await readdir(data)).not.toContain('service.json');
});

test('the second time nothing is built again', async () => {
  const { code, out, err } = await runFrontDoor(environment, 'demo');
  expect(code, err).toBe(0);
  expect(out).toMatch(/psycopg2 \S+ was built before/);
  const list = JSON.parse((await runFrontDoor(environment, 'list', '--json')).out);
  expect(list.builds).toHaveLength(1);
  expect(list.builds[0].attempts).toHaveLength(1);
});

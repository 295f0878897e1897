// What ./wheelwright sets up before a command runs, and when. npm and the compilers only say that they were called.
import { execFile } from 'node:child_process';
import { chmod, copyFile, link, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';

let root: string;
let calls: string;
beforeEach(async () => {
  root = await mkdtemp(path.join(tmpdir(), 'wheelwright-front-door-'));
  calls = path.join(root, 'calls');
  await copyFile('wheelwright', path.join(root, 'wheelwright'));
  const append = (what: string) => `require('node:fs').appendFileSync(${JSON.stringify(calls)}, ${what});`;
  await put('bin/npm', ['#!/bin/sh', `echo "npm $1" >>"${calls}"`, ''].join('\n'));
  await chmod(path.join(root, 'bin/npm'), 0o755);
  await put('node_modules/typescript/bin/tsc', append("'compile\\n'"));
  await put('node_modules/vite/bin/vite.js', '');
  await put('dist/cli/main.js', "console.log('ran');");
  for (const file of ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'core/build.ts'])
    await put(file, '');
});
afterEach(() => rm(root, { recursive: true }));

async function put(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(path.join(root, file)), { recursive: true });
  await writeFile(path.join(root, file), text);
}

/** What a command had set up. */
async function setUp(): Promise<string[]> {
  await writeFile(calls, '');
  const environment = { ...process.env, PATH: `${path.join(root, 'bin')}:${process.env.PATH}` };
  const { stdout } = await promisify(execFile)(path.join(root, 'wheelwright'), ['list'], { env: environment });
  expect(stdout).toBe('ran\n');
  return (await readFile(calls, 'utf8')).split('\n').filter(Boolean);
}

test('packages are installed and bundled again when they changed, and nothing is done twice', async () => {
  // The folder of packages is there, as after an installation that was broken off: it is not built upon.
  expect(await setUp()).toEqual(['npm ci', 'compile']);
  expect(await setUp()).toEqual([]);
  const elsewhere = path.join(root, 'stamp-of-a-copy');
  await link(path.join(root, 'node_modules/.wheelwright-lock'), elsewhere);
  await put('package-lock.json', '{}');
  expect(await setUp()).toEqual(['npm install', 'compile']);
  expect(await readFile(elsewhere, 'utf8')).toBe('');
  await put('core/build.ts', '// changed');
  expect(await setUp()).toEqual(['compile']);
  expect(await setUp()).toEqual([]);
});

test('what changes while it is compiled is compiled again', async () => {
  await put('node_modules/vite/bin/vite.js', "require('node:fs').writeFileSync('core/build.ts', '// changed');");
  expect(await setUp()).toEqual(['npm ci', 'compile']);
  await put('node_modules/vite/bin/vite.js', '');
  expect(await setUp()).toEqual(['compile']);
  expect(await setUp()).toEqual([]);
});

// How crates are fetched by lock files that the registry cannot serve as they are. cargo is a script here: what a registry lacks cannot be had from a real one.
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeEach, expect, test } from 'vitest';

const run = promisify(execFile);
const folder = await mkdtemp(join(tmpdir(), 'toolchain-sources-'));
const source = join(folder, 'src');
afterAll(() => rm(folder, { recursive: true, force: true }));

const FETCH = `
import json, pathlib, sys
sys.path.insert(0, sys.argv[1])
import toolchain_sources
try:
    print(json.dumps(toolchain_sources.fetch_crates(pathlib.Path(sys.argv[2]), sys.argv[3:])))
except toolchain_sources.Failed:
    print("failed")
`;

const CRATE = (version: string) => `[[package]]\nname = "ham"\nversion = "${version}"\nchecksum = "c${version}"\n`;

/** Fetches with a cargo that does what the script says; `$lock` is the lock file. */
async function fetchWith(cargo: string, ...anew: string[]): Promise<string[]> {
  const bin = join(folder, 'bin');
  await mkdir(bin, { recursive: true });
  await writeFile(
    join(bin, 'cargo'),
    `#!/bin/sh\necho "cargo $*" >>${folder}/asked\nlock=${source}/Cargo.lock\n${cargo}`,
  );
  await chmod(join(bin, 'cargo'), 0o755);
  const { stdout } = await run('python3', ['-c', FETCH, resolve('worker/scripts'), source, ...anew], {
    env: { ...process.env, PATH: `${bin}:${process.env.PATH}`, PYTHONDONTWRITEBYTECODE: '1' },
  });
  return stdout.trim().split('\n');
}

beforeEach(async () => {
  await rm(source, { recursive: true, force: true });
  await rm(join(folder, 'asked'), { force: true });
  await mkdir(source);
  await writeFile(join(source, 'Cargo.toml'), '');
  await writeFile(join(source, 'Cargo.lock'), CRATE('1.3.6'));
});

test('a version that the registry lacks is locked anew, and nothing else is', async () => {
  const said = await fetchWith(`
if [ "$1" = update ]; then sed -i s/1.3.6/1.3.5/g "$lock"; exit; fi
grep -q 1.3.5 "$lock" && exit
echo 'error: failed to select a version for the requirement \`ham = "^1.3"\` (locked to 1.3.6)' >&2
exit 101
`);
  expect(said).toContain(
    '[wheelwright] fetch: the registry has no ham 1.3.6, which Cargo.lock names: the newest that Cargo.toml allows is taken instead',
  );
  expect(JSON.parse(said.at(-1) ?? '')).toEqual([{ name: 'crates/ham', version: '1.3.5', sha256: 'c1.3.5' }]);
  expect(await readFile(join(folder, 'asked'), 'utf8')).toContain('--package=ham@1.3.6\n');
});

test('a lock file that its manifest has outgrown is completed', async () => {
  const said = await fetchWith(`
case "$*" in *--locked*) echo "error: cannot update the lock file $lock because --locked was passed to prevent this" >&2; exit 101 ;; esac
`);
  expect(said).toContain('[wheelwright] fetch: Cargo.lock does not fit Cargo.toml: what it lacks is added to it');
  expect(JSON.parse(said.at(-1) ?? '')).toHaveLength(1);
});

test('any other complaint ends the fetch, after one try', async () => {
  expect((await fetchWith('echo "error: no network" >&2; exit 101')).at(-1)).toBe('failed');
  expect((await readFile(join(folder, 'asked'), 'utf8')).trim().split('\n')).toHaveLength(1);
});

test('a crate that the recipe names is locked anew, one that no lock file has is only told of', async () => {
  const update = 'if [ "$1" = update ]; then sed -i s/1.3.6/1.3.9/g "$lock"; fi\n';
  const said = await fetchWith(update, 'ham', 'egg');
  expect(said).toContain('[wheelwright] fetch: ham is locked anew, in place of 1.3.6');
  expect(said).toContain('[wheelwright] fetch: Cargo.lock has no egg, which the recipe wants locked anew');
  expect(JSON.parse(said.at(-1) ?? '')).toEqual([{ name: 'crates/ham', version: '1.3.9', sha256: 'c1.3.9' }]);
  expect(await readFile(join(folder, 'asked'), 'utf8')).toContain('--package=ham@1.3.6\n');
});

test('a version that the recipe gives is taken as it is, and ends the fetch where Cargo.toml does not let it', async () => {
  await fetchWith('exit 0', 'ham@1.3.9');
  expect(await readFile(join(folder, 'asked'), 'utf8')).toContain('--package=ham@1.3.6 --precise=1.3.9\n');
  expect((await fetchWith('[ "$1" != update ]', 'ham@2.0.0')).at(-1)).toBe('failed');
});

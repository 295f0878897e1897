import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Build, Solve } from '../../client/contract.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
let folder: string;
beforeAll(async () => {
  service = await startTestService();
  folder = await mkdtemp(path.join(tmpdir(), 'wheelwright-solve-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
  await service.close();
});

interface SimplePage {
  files: { filename: string; hashes: { sha256: string } }[];
}

async function filesOf(index: string, project: string): Promise<Record<string, string>> {
  const response = await fetch(`${service.indexUrl}${index}/${project}/`, {
    headers: { accept: 'application/vnd.pypi.simple.v1+json' },
  });
  const files = response.ok ? ((await response.json()) as SimplePage).files : [];
  return Object.fromEntries(files.map(({ filename, hashes }) => [filename, hashes.sha256]));
}

// Needs one header of the distribution. The recipe that it starts with says nothing, whatever the catalogue may know.
const PROJECT = 'pyaudio';
const NOTHING = `project: ${PROJECT}\nmaintainers: [platform-team]\n`;

test('a package that nobody has described is solved, reviewed, and served with the same bytes', async () => {
  const start = path.join(folder, 'nothing.yaml');
  await writeFile(start, NOTHING);
  const result = await service.wheelwright('build', `${PROJECT}==0.2.14`, '--recipe', start, '--solve', '--json');
  expect(result.code, result.err).toBe(0);
  const { builds, solves } = JSON.parse(result.out) as { builds: Build[]; solves: Solve[] };
  expect(solves[0]).toMatchObject({ status: 'solved', steps: [{ purpose: 'first' }, { purpose: 'edit' }] });
  expect(solves[0]?.steps[1]?.edits).toMatchObject([
    {
      edit: { system: { apt: ['portaudio19-dev'] } },
      evidence: { class: 'missing-header', line: expect.stringContaining('portaudio.h') },
    },
  ]);
  expect(result.err).toMatch(/attempt 1: failed: missing-header.*[\s\S]*attempt 2: with .*portaudio19-dev/);
  expect(builds.map(({ status, channel }) => [status, channel])).toEqual([['succeeded', 'trial']]);
  const { filename = '', sha256 } = builds[0]?.files[0] ?? {};
  expect(await filesOf('/trial/simple', PROJECT)).toMatchObject({ [filename]: sha256 });
  expect(await filesOf('/simple', PROJECT)).not.toHaveProperty(filename);

  const approved = await service.wheelwright('recipe', 'approve', solves[0]?.submissionId ?? '', '--reason', 'tried');
  expect(approved.code, approved.err).toBe(0);
  await expect.poll(() => filesOf('/simple', PROJECT), { timeout: 20_000 }).toMatchObject({ [filename]: sha256 });

  const exported = await service.wheelwright('recipe', 'export', folder);
  expect(exported.code, exported.err).toBe(0);
  const file = path.join(folder, `${PROJECT}.yaml`);
  expect(await readFile(file, 'utf8')).toBe(solves[0]?.recipe);
  expect((await service.wheelwright('recipe', 'lint', file)).code).toBe(0);

  const python = path.join(folder, 'python', 'bin', 'python');
  await promisify(execFile)('python3', ['-m', 'venv', path.join(folder, 'python')]);
  const download = promisify(execFile)(python, [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--python-version=3.13',
    '--platform=manylinux_2_31_x86_64',
    '--implementation=cp',
    `--index-url=${service.indexUrl}/simple/`,
    `--dest=${folder}`,
    PROJECT,
  ]);
  expect((await download).stdout).toContain(filename);
});

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { isProcessRunning } from '../../adapters/host/process.js';
import { makeOwnFolder, removeAbandonedFolders } from '../../adapters/host/temporary-folder.js';

it('tells a process that has ended, also before its parent has asked about it', async () => {
  // The shell becomes a sleep that never asks about its child.
  const parent = spawn('sh', ['-c', '(exec sleep 0.2) & echo $!; exec sleep 600'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const child = Number(line.toString());
  await expect.poll(() => isProcessRunning(child)).toBe(false);
  expect(() => process.kill(child, 0)).not.toThrow();
  expect(isProcessRunning(parent.pid ?? 0)).toBe(true);
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  expect(isProcessRunning(parent.pid ?? 0)).toBe(false);
});

it('removes what ended processes left in folders of their own, and nothing of those that run', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'wheelwright-test-'));
  onTestFinished(() => rm(parent, { recursive: true }));
  const mine = await makeOwnFolder(join(parent, 'work'));
  await mkdir(join(parent, 'work-999999999-abcdef', 'deep'), { recursive: true });
  await mkdir(join(parent, 'other-999999999-abcdef'));
  await mkdir(join(parent, 'work-in-progress'));
  await removeAbandonedFolders(parent, 'work-');
  expect((await readdir(parent)).sort()).toEqual([basename(mine), 'other-999999999-abcdef', 'work-in-progress'].sort());
  await removeAbandonedFolders(join(parent, 'nowhere'), '');
});

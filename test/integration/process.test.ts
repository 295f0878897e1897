import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { isProcessRunning } from '../../adapters/host/process.js';

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

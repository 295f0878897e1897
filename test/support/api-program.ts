import { type ChildProcess, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/**
 * The compiled api as a process of its own, as `./wheelwright test` makes it before the tests; ready when it resolves.
 * @param errors gets every line that it logs as an error
 */
export async function startApiProgram(
  environment: Record<string, string>,
  errors: string[] = [],
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [resolve('dist/api/main.js')], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line) as { url?: string; level: number };
      if (entry.level >= 50) errors.push(line);
      if (entry.url !== undefined) resolve(entry.url);
    });
    child.once('exit', (code) => reject(new Error(`the api ended with ${code}: ${errors.join('\n')}`)));
  });
  return { child, url };
}

import { PassThrough } from 'node:stream';
import { runCli } from '../../cli/program.js';
import { openTerminal } from '../../cli/terminal.js';

/** Runs one command of the CLI in this process, without a terminal. */
export async function runCommand(
  environment: Readonly<Record<string, string>>,
  ...args: string[]
): Promise<{ code: number; out: string; err: string }> {
  const texts = { out: '', err: '' };
  const collect = (name: 'out' | 'err') =>
    new PassThrough().on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    }) as unknown as NodeJS.WriteStream;
  const terminal = openTerminal({ stdout: collect('out'), stderr: collect('err'), environment });
  const code = await runCli(args, { environment, terminal, signal: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...texts };
}

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WheelwrightError } from '../../core/errors.js';

/** Runs `python3` with these arguments and gives what it printed; rejects when it fails. */
export type RunPython = (args: readonly string[]) => Promise<string>;

const run = promisify(execFile);

export const runPython: RunPython = async (args) => {
  const { stdout } = await run('python3', [...args], {
    timeout: 30_000,
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  return stdout;
};

/** Ways to learn pip's index, in pip's own order: a command's section of its configuration goes before the global one; the built-in default is last. */
const PIP_SAYS: readonly (readonly string[])[] = [
  ['-m', 'pip', 'config', 'get', 'install.index-url'],
  ['-m', 'pip', 'config', 'get', 'global.index-url'],
  ['-c', 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'],
];

/**
 * URL of the upstream index, ending in a slash: what the setting says, else what pip itself would use on this machine.
 * @throws WheelwrightError `unavailable` when neither says anything.
 */
export async function resolveUpstreamUrl(
  environment: Readonly<Record<string, string | undefined>>,
  python: RunPython = runPython,
): Promise<string> {
  const said = environment.WHEELWRIGHT_UPSTREAM || environment.PIP_INDEX_URL || (await askPip(python));
  if (said === undefined) {
    throw new WheelwrightError('unavailable', 'no upstream index is known', {
      hint: 'python3 with pip says which index this machine uses; where there is none, set WHEELWRIGHT_UPSTREAM to the URL of a simple index.',
    });
  }
  return said.endsWith('/') ? said : `${said}/`;
}

async function askPip(python: RunPython): Promise<string | undefined> {
  for (const args of PIP_SAYS) {
    // A key that is not set makes pip fail: the next source is asked.
    const answer = (await python(args).catch(() => '')).trim().split('\n').at(-1) ?? '';
    if (URL.canParse(answer)) return answer;
  }
  return undefined;
}

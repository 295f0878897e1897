import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WheelwrightError } from '../../core/errors.js';

/** Runs `python3` with these arguments and gives what it printed; rejects when it fails. */
export type RunPython = (args: readonly string[]) => Promise<string>;

const run = promisify(execFile);

const runPython: RunPython = async (args) => {
  const { stdout } = await run('python3', [...args], {
    timeout: 30_000,
    env: { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' },
  });
  return stdout;
};

/** pip's own constant, which no public interface of it gives. */
const BUILT_IN = ['-c', 'from pip._internal.models.index import PyPI; print(PyPI.simple_url)'];

/**
 * URL of the upstream index, ending in a slash: what the setting says, else what pip itself would use on this machine.
 * @throws WheelwrightError `unavailable` when neither says anything.
 */
export async function resolveUpstreamUrl(
  environment: Readonly<Record<string, string | undefined>>,
  python: RunPython = runPython,
): Promise<string> {
  const said = (await configuredIndexUrl(environment, python)) ?? (await builtInUrl(python));
  if (said === undefined) {
    throw new WheelwrightError('unavailable', 'no upstream index is known', {
      hint: 'python3 with pip says which index this machine uses; where there is none, set WHEELWRIGHT_UPSTREAM to the URL of a simple index.',
    });
  }
  return said.endsWith('/') ? said : `${said}/`;
}

/** URL of the index that the settings, the environment or pip's configuration files name; undefined where they leave it to pip's own default. May hold a password. */
export async function configuredIndexUrl(
  environment: Readonly<Record<string, string | undefined>>,
  python: RunPython = runPython,
): Promise<string | undefined> {
  return environment.WHEELWRIGHT_UPSTREAM || environment.PIP_INDEX_URL || (await askPip(python));
}

async function askPip(python: RunPython): Promise<string | undefined> {
  const configured = await python(['-m', 'pip', 'config', 'list']).catch(() => '');
  // As pip does: a command's section of the configuration goes before the global one.
  for (const section of ['install', 'global']) {
    const url = new RegExp(`^${section}\\.index-url=(['"])(.*)\\1\\s*$`, 'm').exec(configured)?.[2];
    if (url !== undefined && URL.canParse(url)) return url;
  }
  return undefined;
}

async function builtInUrl(python: RunPython): Promise<string | undefined> {
  const builtIn = (await python(BUILT_IN).catch(() => '')).trim();
  return URL.canParse(builtIn) ? builtIn : undefined;
}

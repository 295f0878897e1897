import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WheelwrightError } from '../../core/errors.js';
import { type IndexPolicy, parseIndexPolicy } from '../../core/index-policy.js';

/**
 * The policy of the file that WHEELWRIGHT_INDEX_POLICY names, else of `index.yaml` in the data folder where there is one, else the default.
 * @throws WheelwrightError `invalid`
 */
export async function readIndexPolicy(named: string | undefined, dataFolder: string): Promise<IndexPolicy> {
  const path = named ?? join(dataFolder, 'index.yaml');
  if (named === undefined && !existsSync(path)) return parseIndexPolicy({}, path);
  const text = read(path);
  // Most have no such file, and should not wait for its parser to load.
  const { parse } = await import('yaml');
  try {
    return parseIndexPolicy(parse(text), path);
  } catch (error) {
    if (error instanceof WheelwrightError) throw error;
    throw new WheelwrightError('invalid', `${path} is not YAML: ${(error as Error).message}`, { cause: error });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new WheelwrightError('invalid', `cannot read the policy file ${path}`, {
      hint: 'Check WHEELWRIGHT_INDEX_POLICY.',
      cause: error,
    });
  }
}

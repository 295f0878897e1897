import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { importPackages } from '../../core/packages-import.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { readText } from '../given-file.js';

interface ImportOptions {
  into: string;
  json?: boolean;
}

export function importCommand(cli: Cli): Command {
  return new Command('import')
    .description('make recipes from a packages.ini')
    .argument('<file>', 'its sections are [name==version]')
    .option('--into <folder>', 'where the recipes go; one that is there already is left as it is', 'recipes')
    .option('--json', 'print {"written", "present", "bare", "notCarriedOver"}')
    .action((file: string, options: ImportOptions) => importFile(cli, file, options));
}

async function importFile(cli: Cli, file: string, { into, json }: ImportOptions): Promise<void> {
  const { recipes, bare, notCarriedOver } = importPackages(await readText(file, 'packages.ini'));
  const written: string[] = [];
  const present: string[] = [];
  if (recipes.length > 0) await mkdir(into, { recursive: true });
  for (const { project, yaml } of recipes) {
    const target = path.join(into, `${project}.yaml`);
    ((await writeNew(target, yaml)) ? written : present).push(target);
  }
  if (present.length > 0) cli.exitCode = EXIT.failed;
  if (json) return cli.terminal.printJson({ written, present, bare, notCarriedOver });
  for (const target of written) cli.terminal.print(target);
  const { note } = cli.terminal;
  for (const target of present) note(`${target} is there already and was left as it is`);
  for (const { section, key, value, why } of notCarriedOver) {
    const what = `${section === '' ? '' : `[${section}] `}${key === undefined ? '' : `${key} `}${value === undefined ? '' : `= ${value}`}`;
    note(`not carried over: ${what.trim()}: ${why}`);
  }
  note(
    `${written.length} recipes written; ${bare.length} projects need none${bare.length === 0 ? '' : `: ${bare.join(', ')}`}`,
  );
}

/** Whether it was written: a file that is there may have been changed by someone. */
async function writeNew(target: string, text: string): Promise<boolean> {
  try {
    await writeFile(target, text, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

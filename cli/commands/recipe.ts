import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { openRecipeFolder } from '../../adapters/disk/recipes.js';
import { reviewClient } from '../../client/review.js';
import { WheelwrightError } from '../../core/errors.js';
import { normalizeProjectName } from '../../core/project-name.js';
import { checkDependenciesOf, type RecipeCatalogue } from '../../core/recipe/catalogue.js';
import { explainRecipe } from '../../core/recipe/explain.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import type { Recipe } from '../../core/recipe/recipe.js';
import { recipeApplies } from '../../core/recipe/resolve.js';
import { parseRequirement } from '../../core/requirement.js';
import { type Cli, REPOSITORY } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { formatTable } from '../format.js';
import { readText } from '../given-file.js';
import { findService } from '../service/address.js';
import { withService } from '../service/session.js';
import { reviewCommands } from './recipe-review.js';

const INDENT = ' '.repeat(8);
const CATALOGUE = path.join(REPOSITORY, 'recipes');

interface ShowOptions {
  python?: string;
  policy?: string;
  recipe?: string;
  json?: boolean;
}

export function recipeCommand(cli: Cli): Command {
  const command = new Command('recipe').description('check, look at, submit and approve recipes');
  command
    .command('lint')
    .description('find every fault of recipes')
    .argument('[file...]', 'recipes; without any, the catalogue in recipes/')
    .option('--json', 'print {"files": [{file, faults}]}')
    .action((files: string[], options: { json?: boolean }) => lint(cli, files, options));
  command
    .command('show')
    .description('what finally applies to one version on one target, and which line says so')
    .argument('<project==version>')
    .option('--python <tag>', 'interpreter; default: the first of WHEELWRIGHT_DEFAULT_PYTHONS')
    .option('--policy <policy>', 'default: WHEELWRIGHT_DEFAULT_POLICY')
    .option('--recipe <file>', 'a recipe other than the approved one or that of the catalogue')
    .option('--json', 'print {"file", "settings": [{path, value, line}]}')
    .action((release: string, options: ShowOptions) => show(cli, release, options));
  for (const each of reviewCommands(cli)) command.addCommand(each);
  return command;
}

async function lint(cli: Cli, named: readonly string[], options: { json?: boolean }): Promise<void> {
  const files = named.length > 0 ? named : await catalogueFiles();
  const results = await Promise.all(
    files.map(async (file) => ({ file, ...lintRecipe(await readText(file, 'recipe')) })),
  );
  const faulty = results.filter(({ faults }) => faults.length > 0);
  if (faulty.length > 0) cli.exitCode = EXIT.failed;
  else await checkCircles(results.flatMap(({ recipe }) => recipe ?? []));
  if (options.json) return cli.terminal.printJson({ files: results.map(({ file, faults }) => ({ file, faults })) });
  for (const { file, faults } of faulty) {
    for (const { message, path: where, line = 1, column = 1 } of faults) {
      cli.terminal.print(`${file}:${line}:${column}: ${where === undefined ? '' : `${where}: `}${message}`);
    }
  }
  cli.terminal.note(`${results.length - faulty.length} of ${results.length} recipes are without fault`);
}

/** Among these recipes, and the catalogue's where these do not name the project. */
async function checkCircles(recipes: readonly Recipe[]): Promise<void> {
  const shipped = openRecipeFolder(CATALOGUE);
  const given = new Map(recipes.map((recipe) => [normalizeProjectName(recipe.project), recipe]));
  const catalogue: Pick<RecipeCatalogue, 'recipe'> = {
    recipe: async (project) => {
      const recipe = given.get(project);
      return recipe === undefined ? shipped.recipe(project) : { recipe, yaml: '' };
    },
  };
  for (const recipe of recipes) await checkDependenciesOf(recipe, catalogue);
}

async function catalogueFiles(): Promise<string[]> {
  const names = await readdir(CATALOGUE);
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => path.join(CATALOGUE, name));
}

/** What builds use: the file that was named, else what was approved in the running service, else the catalogue's; without a text where there is none. */
async function recipeOf(cli: Cli, name: string, named: string | undefined): Promise<{ file: string; text?: string }> {
  if (named !== undefined) return { file: named, text: await readText(named, 'recipe') };
  if ((await findService(cli.settings)) !== undefined) {
    const approved = await withService(cli, [], ({ client }) => reviewClient(client.connection).approved(cli.signal));
    const recipe = approved.find(({ project }) => normalizeProjectName(project) === name)?.recipe;
    if (recipe !== undefined) return { file: `the approved recipe of ${name}`, text: recipe };
  }
  const file = path.join(CATALOGUE, `${name}.yaml`);
  return (await catalogueFiles()).includes(file) ? { file, text: await readText(file, 'recipe') } : { file };
}

async function show(cli: Cli, release: string, options: ShowOptions): Promise<void> {
  const { name, specifier } = parseRequirement(release);
  const version = /^==([^*,]+)$/.exec(specifier)?.[1];
  if (version === undefined) {
    throw new WheelwrightError('invalid', `${release} does not name one version`, {
      hint: `Write ${name}==VERSION, since a recipe can say different things for different versions.`,
    });
  }
  const { WHEELWRIGHT_DEFAULT_PYTHONS: pythons, WHEELWRIGHT_DEFAULT_POLICY } = cli.settings;
  const python = options.python ?? pythons[0] ?? 'cp313';
  const target = { version, python, policy: options.policy ?? WHEELWRIGHT_DEFAULT_POLICY };
  const { file, text } = await recipeOf(cli, name, options.recipe);
  const { recipe } = text === undefined ? {} : lintRecipe(text);
  // A recipe with faults goes on to explainRecipe, which lists them.
  const applies = text !== undefined && (recipe === undefined || recipeApplies(recipe, target));
  const settings = applies ? explainRecipe(text, target) : [];
  if (options.json) return cli.terminal.printJson({ file: applies ? file : null, settings });
  if (settings.length === 0) {
    const why = text !== undefined ? `the recipe ${file} says nothing for it` : `there is no ${file}`;
    return cli.terminal.note(`Nothing is changed about the build of ${name} ${version} on ${python}: ${why}.`);
  }
  cli.terminal.note(file);
  const rows = settings.map((each) => [
    `line ${each.line}`,
    each.path,
    String(each.value).replaceAll('\n', `\n${INDENT}`),
  ]);
  for (const line of formatTable(rows)) cli.terminal.print(line);
}

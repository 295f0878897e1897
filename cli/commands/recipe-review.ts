// Recipes from somebody's file to everybody's builds.
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import type { Submission } from '../../client/contract.js';
import { type ReviewClient, reviewClient } from '../../client/review.js';
import { isFinished } from '../../core/build.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import { watchBuilds } from '../build-progress.js';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { formatTable } from '../format.js';
import { readText } from '../given-file.js';
import { withService, withServiceData } from '../service/session.js';

interface SubmitOptions {
  requirement?: string;
  reason?: string;
  wait: boolean;
  json?: boolean;
}

/** `recipe submit`, `approve`, `reject`, `comment`, `list` and `export`. */
export function reviewCommands(cli: Cli): Command[] {
  return [
    new Command('submit')
      .description('submit a recipe for review: lint, then a trial build on every default target')
      .argument('<file>')
      .option('--requirement <requirement>', 'what the trials build; default: the newest release that it is for')
      .option('--reason <text>', 'kept in its history')
      .option('--no-wait', 'do not follow the trials; needs a running service')
      .option('--json', 'print the submission as the API gives it')
      .action((file: string, options: SubmitOptions) => submit(cli, file, options)),
    new Command('approve')
      .description('make a submitted recipe the current one; its wheels move from /trial/simple/ to /simple/')
      .argument('<submission>')
      .option('--reason <text>', 'kept in its history')
      .action((id: string, { reason }: { reason?: string }) =>
        decide(cli, (reviews) => reviews.approve(id, reason, cli.signal)),
      ),
    new Command('reject')
      .description('refuse a submitted recipe')
      .argument('<submission>')
      .requiredOption('--reason <text>', 'kept in its history')
      .action((id: string, { reason }: { reason: string }) =>
        decide(cli, (reviews) => reviews.reject(id, reason, cli.signal)),
      ),
    new Command('comment')
      .description('say something about a submitted recipe, or about one of its lines')
      .argument('<submission>')
      .argument('<text>')
      .option('--line <number>', 'of the submitted recipe, from 1', Number)
      .action((id: string, text: string, { line }: { line?: number }) =>
        decide(cli, (reviews) => reviews.comment(id, { text, ...(line === undefined ? {} : { line }) }, cli.signal)),
      ),
    new Command('list')
      .description('submitted recipes, newest first')
      .option('--status <status>', 'open, approved or rejected')
      .option('--project <project>')
      .option('--json', 'print {"submissions": [...]} as the API gives them')
      .action((options: { status?: string; project?: string; json?: boolean }) => list(cli, options)),
    new Command('export')
      .description('write the approved recipes as files of a catalogue')
      .argument('<folder>')
      .action((folder: string) => exportRecipes(cli, folder)),
  ];
}

async function submit(cli: Cli, file: string, options: SubmitOptions): Promise<void> {
  const recipe = await readText(file, 'recipe');
  await withService(cli, options.wait ? ['api', 'index-server', 'worker'] : ['api'], async ({ client }) => {
    const reviews = reviewClient(client.connection);
    const { requirement, reason } = options;
    const submitted = await reviews.submit(
      { recipe, ...(requirement === undefined ? {} : { requirement }), ...(reason === undefined ? {} : { reason }) },
      cli.signal,
    );
    if (options.wait) {
      const trials = await Promise.all(submitted.trials.map(({ buildId }) => client.build(buildId, cli.signal)));
      await watchBuilds(client, trials, cli.terminal, cli.signal);
    }
    const submission = await reviews.submission(submitted.id, cli.signal);
    if (options.json) cli.terminal.printJson(submission);
    else for (const line of reportSubmission(submission)) cli.terminal.print(line);
    if (submission.trials.some(({ status }) => isFinished(status) && status !== 'succeeded'))
      cli.exitCode = EXIT.failed;
  });
}

async function decide(cli: Cli, call: (reviews: ReviewClient) => Promise<Submission>): Promise<void> {
  await withServiceData(cli, async ({ client }) => {
    const { id, project, status } = await call(reviewClient(client.connection));
    cli.terminal.print(`${id}  ${project}  ${status}`);
  });
}

async function list(
  cli: Cli,
  { json, ...filter }: { status?: string; project?: string; json?: boolean },
): Promise<void> {
  await withServiceData(cli, async ({ client }) => {
    const submissions = await reviewClient(client.connection).submissions(filter, cli.signal);
    if (json) return cli.terminal.printJson({ submissions });
    const rows = submissions.map(({ id, project, status, trials, history, createdAt }) => {
      const passed = trials.filter((trial) => trial.status === 'succeeded').length;
      return [id, project, status, `${passed}/${trials.length} trials`, history[0]?.who ?? '', createdAt.slice(0, 16)];
    });
    for (const line of formatTable(rows)) cli.terminal.print(line);
  });
}

async function exportRecipes(cli: Cli, folder: string): Promise<void> {
  await withServiceData(cli, async ({ client }) => {
    const recipes = await reviewClient(client.connection).approved(cli.signal);
    await mkdir(folder, { recursive: true });
    for (const { project, recipe } of recipes) {
      const file = path.join(folder, `${project}.yaml`);
      await writeFile(file, recipe);
      const { faults } = lintRecipe(recipe);
      // It was sound when it was approved; a newer version may ask for more.
      for (const { message } of faults) cli.terminal.note(`${file}: ${message}`);
      if (faults.length > 0) cli.exitCode = EXIT.failed;
      cli.terminal.print(file);
    }
  });
}

function reportSubmission({ id, project, status, diff, trials, comments }: Submission): string[] {
  return [
    `${id}  ${project}  ${status}`,
    ...diff.filter(({ sign }) => sign !== ' ').map(({ sign, text }) => `  ${sign} ${text}`),
    ...trials.flatMap(({ buildId, version, python, policy, status: state, failure }) => [
      `  ${project} ${version} on ${python} ${policy}: ${state}  (${buildId})`,
      ...(failure === undefined ? [] : [`    ${failure.class}: ${failure.line.trim() || failure.cause}`]),
    ]),
    ...comments.map(({ who, text, line }) => `  ${who}${line === undefined ? '' : ` of line ${line}`}: ${text}`),
  ];
}

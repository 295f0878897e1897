import { Command, CommanderError } from 'commander';
import { Cli, type CliOptions } from './cli.js';
import { buildCommand } from './commands/build.js';
import { checkCommand } from './commands/check.js';
import { demoCommand } from './commands/demo.js';
import { diagnoseCommand } from './commands/diagnose.js';
import { imageCommand } from './commands/image.js';
import { indexCommand } from './commands/index.js';
import { backupCommand, fsckCommand, restoreCommand } from './commands/keeping.js';
import { listCommand } from './commands/list.js';
import { logsCommand } from './commands/logs.js';
import { recipeCommand } from './commands/recipe.js';
import { showCommand } from './commands/show.js';
import { tokenCommand } from './commands/token.js';
import { upCommand } from './commands/up.js';
import { EXIT, type ExitCode, reportError } from './exit-code.js';

const COMMANDS = [
  demoCommand,
  upCommand,
  buildCommand,
  checkCommand,
  logsCommand,
  showCommand,
  listCommand,
  recipeCommand,
  diagnoseCommand,
  indexCommand,
  imageCommand,
  backupCommand,
  restoreCommand,
  fsckCommand,
  tokenCommand,
];

/** Runs one command line (without the program's name) and gives its exit code; nothing is thrown. */
export async function runCli(args: readonly string[], options: CliOptions): Promise<ExitCode> {
  const cli = new Cli(options);
  const program = new Command('wheelwright')
    .description('Builds hard Python wheels once and serves them from its own package index.')
    .showHelpAfterError('(see --help)')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\n  test [unit|integration|e2e]  the tests of Wheelwright itself\n\n' +
        'Exit codes: 0 done, 1 the thing asked for failed, 2 wrong usage, 3 the service or the container engine was not reached.\n' +
        'Settings are environment variables: docs/operations.md.',
    );
  for (const command of COMMANDS) program.addCommand(command(cli));
  configure(program, options);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return cli.exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    if (options.signal.aborted) return EXIT.interrupted;
    return reportError(error, options.terminal, options.environment.WHEELWRIGHT_LOG_LEVEL === 'debug');
  }
}

/** Commander's own output goes where ours goes, and its errors come back as values instead of ending the process. */
function configure(command: Command, { terminal }: CliOptions): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => terminal.print(text.trimEnd()),
    writeErr: (text) => terminal.note(text.trimEnd()),
  });
  for (const child of command.commands) configure(child, { terminal } as CliOptions);
}

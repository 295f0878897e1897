import { Command, CommanderError } from 'commander';
import { Cli, type CliOptions } from './cli.js';
import { EXIT, type ExitCode, reportError } from './exit-code.js';

type MakeCommand = (cli: Cli) => Command;

/** In the order of the help text. Each is loaded when it is asked for: together they take longer to load than most take to run. */
const COMMANDS: Record<string, () => Promise<MakeCommand>> = {
  demo: async () => (await import('./commands/demo.js')).demoCommand,
  up: async () => (await import('./commands/up.js')).upCommand,
  build: async () => (await import('./commands/build.js')).buildCommand,
  check: async () => (await import('./commands/check.js')).checkCommand,
  logs: async () => (await import('./commands/logs.js')).logsCommand,
  show: async () => (await import('./commands/show.js')).showCommand,
  list: async () => (await import('./commands/list.js')).listCommand,
  cancel: async () => (await import('./commands/cancel.js')).cancelCommand,
  recipe: async () => (await import('./commands/recipe.js')).recipeCommand,
  import: async () => (await import('./commands/import.js')).importCommand,
  diagnose: async () => (await import('./commands/diagnose.js')).diagnoseCommand,
  index: async () => (await import('./commands/index.js')).indexCommand,
  image: async () => (await import('./commands/image.js')).imageCommand,
  backup: async () => (await import('./commands/keeping.js')).backupCommand,
  restore: async () => (await import('./commands/keeping.js')).restoreCommand,
  fsck: async () => (await import('./commands/keeping.js')).fsckCommand,
  clean: async () => (await import('./commands/clean.js')).cleanCommand,
  worker: async () => (await import('./commands/worker.js')).workerCommand,
  token: async () => (await import('./commands/token.js')).tokenCommand,
};

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
        'Settings are environment variables: docs/settings.md.',
    );
  const named = Object.entries(COMMANDS).filter(([name]) => name === args[0]);
  for (const [, load] of named.length > 0 ? named : Object.entries(COMMANDS)) program.addCommand((await load())(cli));
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

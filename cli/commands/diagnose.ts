import { Command } from 'commander';
import { createDiagnosis } from '../../core/diagnosis/diagnosis.js';
import { LineCutter } from '../../core/diagnosis/log-line.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Failure } from '../../core/failure.js';
import { enrichProposal } from '../../core/package-index.js';
import { reportProposal } from '../build-report.js';
import type { Cli } from '../cli.js';
import { readPieces } from '../given-file.js';
import { askPackageIndex } from '../package-index.js';

export function diagnoseCommand(cli: Cli): Command {
  return new Command('diagnose')
    .description('why a build failed, from its log, wherever that is from')
    .argument('<logfile>', 'the log of a build; - reads standard input')
    .option('--json', 'print {class, line, lineNumber, cause, proposal?}')
    .action(async (file: string, options: { json?: boolean }) => {
      const failure = await withPackages(cli, await diagnose(file));
      if (options.json) cli.terminal.printJson(failure);
      else for (const line of reportFailure(failure)) cli.terminal.print(line);
    });
}

async function diagnose(file: string): Promise<Failure> {
  const diagnosis = createDiagnosis();
  const lines = new LineCutter((text, number) => diagnosis.line(text, number));
  for await (const piece of readPieces(file, 'log')) lines.push(piece);
  lines.end();
  return diagnosis.conclude();
}

/** What is missing, as the package that brings it; where nobody here can say that, the person is told so and the diagnosis stands. */
async function withPackages(cli: Cli, failure: Failure): Promise<Failure> {
  if (failure.missing === undefined || failure.proposal !== undefined) return failure;
  try {
    return await askPackageIndex(cli, cli.settings.WHEELWRIGHT_DEFAULT_POLICY, (index) =>
      enrichProposal(failure, index, cli.signal),
    );
  } catch (error) {
    if (!(error instanceof WheelwrightError)) throw error;
    cli.terminal.note(`which package is missing cannot be said: ${error.message}`);
    return failure;
  }
}

function reportFailure({ class: kind, line, lineNumber, cause, proposal }: Failure): string[] {
  return [
    kind,
    ...(line === '' ? [] : [`${lineNumber > 0 ? `line ${lineNumber}: ` : ''}${line}`]),
    cause,
    ...reportProposal(proposal),
  ];
}

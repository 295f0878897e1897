// The commands that work on the data folder itself, without the service: backup, restore and fsck.
import path from 'node:path';
import { Command } from 'commander';
import type { Cli } from '../cli.js';
import { EXIT } from '../exit-code.js';
import { formatSize } from '../format.js';
import { backUp } from '../keeping/backup.js';
import type { CopyReport } from '../keeping/copy.js';
import { type FsckReport, fsck } from '../keeping/fsck.js';
import { restore } from '../keeping/restore.js';

export function backupCommand(cli: Cli): Command {
  return new Command('backup')
    .description('copy the data folder, also while the service runs')
    .argument('<dir>', 'where to; must not exist yet, or be empty')
    .option('--json', 'print the report as JSON')
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const target = path.resolve(folder);
      const report = await backUp(cli.settings.WHEELWRIGHT_DATA, target, Date.now(), cli.signal);
      tellCopy(cli, { ...report, folder: target }, json === true, `${target} holds`);
    });
}

export function restoreCommand(cli: Cli): Command {
  return new Command('restore')
    .description('bring a backup back into an empty data folder (WHEELWRIGHT_DATA)')
    .argument('<dir>', 'folder that `wheelwright backup` made')
    .option('--json', 'print the report as JSON')
    .action(async (folder: string, { json }: { json?: boolean }) => {
      const data = cli.settings.WHEELWRIGHT_DATA;
      const report = await restore(path.resolve(folder), data, cli.signal);
      tellCopy(cli, { ...report, folder: data }, json === true, `${data} is as of ${report.createdAt} and holds`);
    });
}

export function fsckCommand(cli: Cli): Command {
  return new Command('fsck')
    .description('check every blob, file, log and page of the data folder; changes nothing')
    .option('--json', 'print the report as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const report = await fsck(cli.settings.WHEELWRIGHT_DATA, cli.signal);
      if (json) cli.terminal.printJson({ ok: report.problems.length === 0, ...report });
      else tellFsck(cli, report);
      if (report.problems.length > 0) cli.exitCode = EXIT.failed;
    });
}

function tellCopy(cli: Cli, report: CopyReport & { folder: string }, json: boolean, head: string): void {
  const { terminal } = cli;
  for (const what of report.missing) terminal.note(`missing: ${what}`);
  if (report.missing.length > 0) cli.exitCode = EXIT.failed;
  if (json) {
    terminal.printJson({ ok: report.missing.length === 0, ...report });
    return;
  }
  const { blobs, sizeBytes, logs } = report;
  terminal.print(`${head} the database, ${blobs} blobs (${formatSize(sizeBytes)}) and ${logs} logs`);
}

function tellFsck({ terminal }: Cli, { checked, problems, notes }: FsckReport): void {
  for (const { what, mend } of problems) {
    terminal.print(`wrong: ${what}`);
    terminal.print(`  mend: ${mend}`);
  }
  for (const note of notes) terminal.note(`note: ${note}`);
  const { files, blobs, sizeBytes, logs, pages } = checked;
  terminal.print(
    `${files} files, ${blobs} blobs (${formatSize(sizeBytes)}), ${logs} logs and ${pages} pages checked: ${
      problems.length === 0 ? 'nothing is wrong' : `${problems.length} wrong`
    }`,
  );
}

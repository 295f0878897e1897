// What an administrator decides about what is on the index.
import { type Command, Option } from 'commander';
import { deleteFiles, reserve, reservedNames, setStatus, unreserve, unyank, yank } from '../../client/index-upkeep.js';
import { PROJECT_STATUSES, type ProjectStatus } from '../../core/simple-index.js';
import type { Cli } from '../cli.js';
import { withService, withServiceData } from '../service/session.js';

interface Why {
  reason?: string;
}

/** Adds the commands to `index`; each takes an admin token. */
export function addUpkeepCommands(command: Command, cli: Cli): void {
  const reason = '--reason <text>';
  const named = (name: string, description: string) => command.command(name).description(description);

  named('yank', 'files that installers pass over unless a requirement names their version by ==; takes an admin token')
    .argument('<project>')
    .argument('<file...>', 'file names, or versions for all their files')
    .option(reason, 'shown by installers')
    .action((project: string, files: string[], why: Why) =>
      withServiceData(cli, async ({ client }) => {
        const yanked = await yank(client.connection, project, { files, ...why }, cli.signal);
        for (const file of yanked) cli.terminal.print(`${file} is yanked`);
      }),
    );
  named('unyank', 'take a yank back')
    .argument('<project>')
    .argument('<file...>', 'file names, or versions for all their files')
    .action((project: string, files: string[]) =>
      withServiceData(cli, async ({ client }) => {
        const back = await unyank(client.connection, project, { files }, cli.signal);
        for (const file of back) cli.terminal.print(`${file} is not yanked`);
      }),
    );
  named('delete', 'take files off the index for good: their names are never used again; takes an admin token')
    .argument('<project>')
    .argument('<file...>', 'file names, or versions for all their files')
    .requiredOption(reason, 'kept with the names')
    .action((project: string, files: string[], why: { reason: string }) =>
      withServiceData(cli, async ({ client }) => {
        const deleted = await deleteFiles(client.connection, project, { files, ...why }, cli.signal);
        for (const file of deleted) cli.terminal.print(`${file} is deleted`);
      }),
    );
  named(
    'status',
    'archived: takes no uploads; quarantined: nothing of it is offered either; deprecated: as active, with a warning',
  )
    .argument('<project>')
    .addOption(new Option('--set <status>').choices(PROJECT_STATUSES).makeOptionMandatory())
    .option(reason, 'shown on its page')
    .action((project: string, { set, ...why }: Why & { set: ProjectStatus }) =>
      withServiceData(cli, async ({ client }) => {
        await setStatus(client.connection, project, { status: set, ...why }, cli.signal);
        cli.terminal.print(`${project} is ${set}`);
      }),
    );
  named('reserve', 'keep names for this organisation: nothing of them comes from an upstream')
    .argument('<name...>', 'a project, or with a "-" at its end all that begin so')
    .action((names: string[]) =>
      withService(cli, ['api'], async ({ client }) => {
        for (const name of names)
          cli.terminal.print(`${await reserve(client.connection, name, cli.signal)} is reserved`);
      }),
    );
  named('unreserve', 'give names back to the upstream')
    .argument('<name...>', 'as in `index reserved`')
    .action((names: string[]) =>
      withService(cli, ['api'], async ({ client }) => {
        for (const name of names)
          cli.terminal.print(`${await unreserve(client.connection, name, cli.signal)} is not reserved`);
      }),
    );
  named('reserved', 'the names that are reserved')
    .option('--json', 'print {"names": [...]}')
    .action(({ json }: { json?: boolean }) =>
      withService(cli, ['api'], async ({ client }) => {
        const names = await reservedNames(client.connection, cli.signal);
        if (json) cli.terminal.printJson({ names });
        else for (const name of names) cli.terminal.print(name);
      }),
    );
}

import { Command } from 'commander';
import { keepHouse } from '../../client/housekeeping.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Cli } from '../cli.js';
import { formatSize } from '../format.js';
import { withService } from '../service/session.js';

interface CleanOptions {
  dryRun?: boolean;
  json?: boolean;
}

interface EngineReport {
  /** References of images. */
  images: string[];
  /** Containers and volumes of workers that are gone. */
  orphans: string[];
}

export function cleanCommand(cli: Cli): Command {
  return new Command('clean')
    .description('remove now what is kept for a while only; the service and its workers do so by themselves')
    .option('--dry-run', 'only say what would be removed')
    .option('--json', 'print {"data": {...}, "engine": {...}}; without an engine that answers, "engine" is missing')
    .action(async ({ dryRun = false, json }: CleanOptions) => {
      const data = await withService(cli, ['api'], ({ client }) => keepHouse(client.connection, dryRun, cli.signal));
      const engine = await cleanEngine(cli, dryRun);
      if (json) return cli.terminal.printJson({ data, ...(engine === undefined ? {} : { engine }) });
      const { trials, logs, strayLogs, blobs, blobBytes } = data;
      for (const filename of trials) cli.terminal.print(filename);
      for (const name of [...(engine?.images ?? []), ...(engine?.orphans ?? [])]) cli.terminal.print(name);
      cli.terminal.print(
        `${dryRun ? 'would remove' : 'removed'} ${trials.length} trial wheels, ${logs + strayLogs} logs, ${blobs} blobs (${formatSize(blobBytes)})${
          engine === undefined
            ? ''
            : `, ${engine.images.length} images, ${engine.orphans.length} containers and volumes`
        }`,
      );
    });
}

/** Undefined where no engine can be used: the data can be cleaned all the same. */
async function cleanEngine(cli: Cli, dryRun: boolean): Promise<EngineReport | undefined> {
  // Loaded here: its library takes a while to load.
  const { openLocalEngine } = await import('../local-engine.js');
  try {
    const { images, engine, close } = await openLocalEngine(cli);
    try {
      const unused = await images.removeUnused(cli.settings.WHEELWRIGHT_KEEP_IMAGES_DAYS, cli.signal, dryRun);
      return { images: unused, orphans: await engine.removeOrphans(new Set(), cli.signal, dryRun) };
    } finally {
      await close();
    }
  } catch (error) {
    if (!(error instanceof WheelwrightError) || error.code !== 'unavailable') throw error;
    cli.terminal.note(`The container engine was left as it is: ${error.message}`);
    return undefined;
  }
}

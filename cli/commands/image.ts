import { Command } from 'commander';
import type { Target } from '../../core/build.js';
import { WheelwrightError } from '../../core/errors.js';
import type { Cli } from '../cli.js';
import { formatSize, formatTable } from '../format.js';
import type { LocalEngine } from '../local-engine.js';

export function imageCommand(cli: Cli): Command {
  const command = new Command('image').description(
    'builder images and their clean twins, on the container engine of this machine',
  );
  command
    .command('list')
    .description('the images that images/ defines, and whether this engine has them')
    .option('--json', 'print {"images": [...]}')
    .action((options: { json?: boolean }) => withEngine(cli, (local) => list(cli, local, options)));
  command
    .command('build')
    .description('make images that are missing')
    .argument('[name...]', 'names as in images/; without any, all')
    .option('--python <tag>', 'only for this interpreter, e.g. cp313')
    .action((names: string[], options: { python?: string }) =>
      withEngine(cli, (local) => build(cli, local, names, options)),
    );
  return command;
}

async function withEngine(cli: Cli, command: (local: LocalEngine) => Promise<void>): Promise<void> {
  // Loaded here, since few commands need an engine and its library takes a while to load.
  const { openLocalEngine } = await import('../local-engine.js');
  const local = await openLocalEngine(cli);
  try {
    await command(local);
  } finally {
    await local.close();
  }
}

async function list(cli: Cli, { images }: LocalEngine, options: { json?: boolean }): Promise<void> {
  const states = await images.listImages(new Date().toISOString().slice(0, 10), cli.signal);
  if (options.json) return cli.terminal.printJson({ images: states });
  const rows = states.map(({ name, policy, arch, python, pythonVersion, digest, built, securityUntil }) => [
    name,
    `${policy}_${arch}`,
    python,
    pythonVersion,
    digest.slice(0, 12),
    built === undefined ? 'not built' : `built, ${formatSize(built.sizeBytes)}`,
    `until ${securityUntil}`,
  ]);
  for (const line of formatTable([
    ['IMAGE', 'TARGET', 'PYTHON', 'VERSION', 'DIGEST', 'STATE', 'SECURITY FIXES'],
    ...rows,
  ])) {
    cli.terminal.print(line);
  }
  for (const warning of new Set(states.flatMap(({ warning }) => warning ?? [])))
    cli.terminal.note(`warning: ${warning}`);
}

async function build(
  cli: Cli,
  { images, targets }: LocalEngine,
  names: readonly string[],
  { python }: { python?: string },
): Promise<void> {
  const unknown = names.filter((name) => !targets.some(({ image }) => image === name));
  const wanted = targets.filter(
    (target) =>
      (names.length === 0 || names.includes(target.image)) && (python === undefined || target.python === python),
  );
  if (unknown.length > 0 || wanted.length === 0) {
    throw new WheelwrightError('invalid', `there is no image ${unknown.join(', ') || `with ${python}`}`, {
      hint: './wheelwright image list shows what there is.',
    });
  }
  const progress = cli.terminal.progress();
  try {
    for (const target of wanted) {
      const row = nameOf(target);
      progress.set(row, 'looking');
      const { builder, clean } = await images.buildImage(target, (line) => progress.set(row, line), cli.signal);
      progress.end(row, 'ready', 'good');
      cli.terminal.print(`${builder}  ${clean}`);
    }
  } finally {
    progress.close();
  }
}

function nameOf({ image, python }: Target): string {
  return `${image} ${python}`;
}

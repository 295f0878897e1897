import { Readable } from 'node:stream';
import { z } from 'zod';
import type { SharingWheel } from '../../core/attempt.js';
import { WheelwrightError } from '../../core/errors.js';
import { optionalParts } from '../../core/optional-parts.js';
import type { Need, PhaseResult, Repaired, Tested } from '../../core/phases.js';
import { diagnosed, failed, type PhaseContext, runScript, succeeded, targetPython } from '../phase-context.js';
import { matchLibraries } from '../shared-libraries.js';
import { readSpooled, type Spool } from '../spool.js';
import { packStream, readForeignReport, readWorkspaceFile } from '../workspace-files.js';
import { fetchTestWheels } from './fetch.js';

const MODULE = /^[\w.]{1,200}$/;
const modules = z.array(z.string().regex(MODULE)).optional().catch(undefined);
const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('passed') }),
  z.object({
    kind: z.literal('missing-libraries'),
    missing: z.array(z.object({ soname: z.string(), by: z.string() })).min(1),
  }),
  z.object({
    kind: z.literal('failed'),
    message: z.string(),
    // For an idea only: names that no recipe can hold are passed over.
    imported: modules,
    broken: modules,
  }),
]);

/** Takes the wheel out of where foreign code ran: what is tried from here on, and later published, are these bytes. */
export async function takeWheel(context: PhaseContext, repaired: Repaired, spool: Spool): Promise<PhaseResult<Tested>> {
  const { engine, workspace, limits, signal } = context;
  const { filename, grafted, needs } = repaired;
  const bytes = Readable.from(readWorkspaceFile(engine, workspace, repaired.path, limits.wheelBytes, signal), {
    objectMode: false,
  });
  try {
    const spooled = await spool.take('wheel', bytes, limits.wheelBytes, signal);
    return { kind: 'done', value: { ...spooled, filename, grafted, needs: needs.map((need) => need.soname) } };
  } catch (error) {
    if (!(error instanceof WheelwrightError) || error.code !== 'too-large') throw error;
    return failed(context, 'test', {
      class: 'bad-wheel',
      line: `the wheel is too large: ${error.message}`,
      cause:
        'WHEELWRIGHT_WHEEL_BYTES sets how large a wheel may be. Debug symbols or test data are the usual cause; a switch of the build may leave them out.',
    });
  }
}

/** Installs and imports the wheel in the clean image, without a network, and runs the recipe's own test there. */
export async function testWheel(
  context: PhaseContext,
  repaired: Repaired,
  taken: Tested,
): Promise<PhaseResult<Tested>> {
  const { engine, workspace, order, signal } = context;
  const { test, repair } = order.recipe;
  for (const other of order.depends ?? []) {
    const { shared, differing } = matchLibraries(taken.grafted, other.grafted);
    const [first] = differing;
    if (first !== undefined) return differentLibraries(context, other, first);
    context.log.say(
      shared.length > 0
        ? `test: it shares ${shared.join(', ')} with ${other.filename}`
        : `test: it shares no library with ${other.filename}, although the recipe depends on it`,
    );
  }
  const open = () => packStream(taken.filename, taken.sizeBytes, readSpooled(taken));
  await engine.putTars(workspace, [{ folder: '/inputs/wheel', open }], signal);
  const requirements = [...repaired.requires, ...(test?.requires ?? []), ...(order.depends ?? []).map(pinned)];
  const wheels = await fetchTestWheels(context, taken.filename, requirements);
  if (wheels.kind !== 'done') return wheels;
  const exit = await runScript(
    context,
    'test.py',
    {
      wheels: [
        `/inputs/wheel/${taken.filename}`,
        ...wheels.value.map((wheel) => `/inputs/test-wheels/${wheel.filename}`),
      ],
      needs: repaired.needs,
      excluded: repair?.exclude ?? [],
      imports: test?.imports ?? null,
      skip: test?.['skip-imports'] ?? [],
      modules: repaired.modules,
      native: repaired.native,
      script: test?.script ?? null,
      together: (order.depends ?? []).map(({ filename }) => `/inputs/test-wheels/${filename}`),
    },
    {
      image: context.images.clean,
      network: 'none',
      python: targetPython(order),
      mounts: { inputs: 'read-only', test: 'read-write' },
      limits: context.limits.short,
      environment: { HOME: '/test/home', TMPDIR: '/test/tmp' },
    },
  );
  if (!succeeded(exit)) return diagnosed(context, { phase: 'test', exit });
  const report = await readForeignReport(engine, workspace, '/test/reports/test.json', reportSchema, signal);
  if (report === undefined) {
    return failed(context, 'test', {
      class: 'test-failed',
      line: 'the test ended without saying how',
      cause: 'What was imported or tested wrote over the report, or ended the process that writes it.',
    });
  }
  switch (report.kind) {
    case 'passed':
      return { kind: 'done', value: taken };
    case 'missing-libraries':
      return missingLibraries(context, report.missing);
    case 'failed':
      return testFailed(context, report, repaired.native);
    default:
      return report satisfies never;
  }
}

function differentLibraries(
  context: PhaseContext,
  other: SharingWheel,
  [ours, theirs]: [string, string],
): PhaseResult<Tested> {
  return failed(context, 'test', {
    class: 'repair-refused',
    line: `${ours} is in this wheel, and ${theirs} in ${other.filename}: the same library with other bytes`,
    cause: `Loaded together they crash. The wheels were built from different states of the distribution's packages, or link another library of the name: let the recipe of ${other.project} name the package of that library too, and have both built again.`,
  });
}

/** There is no compiler in the clean image: what reads like one's complaint is the wheel's. */
function testFailed(
  context: PhaseContext,
  { imported = [], broken = [] }: { imported?: string[] | undefined; broken?: string[] | undefined },
  native: readonly string[],
): PhaseResult<Tested> {
  const concluded = context.diagnosis.conclude({ phase: 'test' });
  const ours = concluded.class === 'compile-error' || concluded.class === 'unknown' ? 'test-failed' : concluded.class;
  const failure = { ...concluded, class: ours };
  const said = context.order.recipe.test?.imports !== undefined;
  const ideas = said ? [] : optionalParts(imported, broken, native, failure);
  return { kind: 'failed', failure: { ...failure, ...(ideas.length === 0 ? {} : { ideas }) } };
}

function missingLibraries(context: PhaseContext, missing: readonly Need[]): PhaseResult<Tested> {
  const sonames = missing.map((need) => need.soname);
  return failed(context, 'test', {
    class: 'missing-in-clean-image',
    line: `the clean image lacks ${sonames.join(', ')}`,
    cause:
      'The policy lets auditwheel leave these libraries to the consuming system, and a slim image does not have them. Name their packages as `runtime` in the recipe; images that install the wheel need them too.',
    missing: missing.map(({ soname }) => ({ kind: 'soname', name: soname })),
  });
}

function pinned({ project, version }: SharingWheel): string {
  return `${project}==${version}`;
}

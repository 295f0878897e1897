import { z } from 'zod';
import type { Diagnosis } from '../../core/diagnosis/diagnosis.js';
import { PREFIX } from '../../core/engine.js';
import type { Built, Fetched, PhaseResult, Repaired } from '../../core/phases.js';
import { buildEnvironment } from '../build-environment.js';
import { diagnosed, failed, type PhaseContext, runScript, succeeded, TOOLS_PYTHON } from '../phase-context.js';
import { readReport } from '../workspace-files.js';

const strings = z.array(z.string());
const described = {
  wheel: z.string(),
  grafted: strings,
  needs: z.array(z.object({ soname: z.string(), by: z.string() })),
  requires: strings,
  modules: strings,
  native: strings,
};
const reportSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('repaired'), ...described }),
  z.object({ kind: z.literal('pure'), ...described }),
  z.object({ kind: z.literal('fallback') }),
  z.object({ kind: z.literal('bad-wheel'), message: z.string() }),
  z.object({ kind: z.literal('refused'), message: z.string() }),
]);

/**
 * Makes the wheel self-contained and its tag true. A pure wheel stays as it is. One that lacks what the build should have compiled is refused.
 * @param building the diagnosis of the build, where the reason for a missing extension stands
 */
export async function repairWheel(
  context: PhaseContext,
  built: Built,
  fetched: Fetched,
  building: Diagnosis,
): Promise<PhaseResult<Repaired>> {
  const { order, engine, workspace, signal } = context;
  const exit = await runScript(
    context,
    'repair.py',
    {
      wheel: `/build/out/${built.filename}`,
      policy: order.target.policy,
      arch: order.target.arch,
      exclude: order.recipe.repair?.exclude ?? [],
      libraryPaths: [...(order.recipe.repair?.['library-paths'] ?? []), `${PREFIX}/lib`],
      prefix: PREFIX,
      buildTag: order.buildTag ?? null,
    },
    {
      image: context.images.builder,
      network: 'none',
      python: TOOLS_PYTHON,
      mounts: { inputs: 'read-only', build: 'read-write' },
      limits: context.limits.short,
      // The recipe's own libraries are there to be grafted, not to be loaded into our tools, as they are into the build's.
      environment: {
        ...buildEnvironment(order, fetched.sourceDateEpoch, context.limits.jobs),
        LD_LIBRARY_PATH: '',
      },
    },
  );
  if (!succeeded(exit)) return diagnosed(context, { phase: 'repair', exit });
  const report = await readReport(engine, workspace, '/build/reports/repair.json', reportSchema, signal);
  switch (report.kind) {
    case 'pure':
    case 'repaired': {
      if (building.fellBack(report.kind === 'repaired')) {
        context.log.say(
          report.kind === 'pure'
            ? 'repair: the wheel is pure Python although something failed to compile'
            : 'repair: the wheel lacks an extension that failed to compile',
        );
        return { kind: 'failed', failure: building.conclude({ phase: 'build', silentFallback: true }) };
      }
      const { wheel: path, grafted, needs, requires, modules, native } = report;
      const filename = path.slice(path.lastIndexOf('/') + 1);
      return { kind: 'done', value: { path, filename, grafted, needs, requires, modules, native } };
    }
    case 'fallback':
      context.log.say('repair: the wheel has a platform tag and nothing compiled in it');
      return { kind: 'failed', failure: building.conclude({ phase: 'build', silentFallback: true }) };
    case 'bad-wheel':
      return failed(context, 'repair', {
        class: 'bad-wheel',
        line: report.message,
        cause:
          'The wheel that the backend made is broken. A newer or older version of the backend may make a sound one.',
      });
    case 'refused':
      return diagnosed(context, { phase: 'repair', exit });
    default:
      return report satisfies never;
  }
}

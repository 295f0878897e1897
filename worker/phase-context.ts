// What every phase is given, and how it runs a script in a container.
import type { BuildOrder } from '../core/attempt.js';
import type { DiagnosisContext } from '../core/diagnosis/conclusion.js';
import { createDiagnosis, type Diagnosis } from '../core/diagnosis/diagnosis.js';
import type { BuilderImages, ContainerExit, ContainerLimits, ContainerSpec, Engine } from '../core/engine.js';
import type { Failure, FailureClass } from '../core/failure.js';
import type { Phase } from '../core/phase.js';
import type { FetchedWheel, PhaseResult } from '../core/phases.js';
import type { AttemptLog } from './attempt-log.js';
import type { CompilerCache } from './compiler-cache.js';
import { packFiles } from './workspace-files.js';

export interface PhaseContext {
  order: BuildOrder;
  engine: Engine;
  images: BuilderImages;
  /** The builder for containers with a network: nothing in it was made by foreign code, which a library of the recipe would be. */
  fetcher: string;
  workspace: string;
  log: AttemptLog;
  /** Replaced at the start of each phase, since each is diagnosed by its own lines. */
  diagnosis: Diagnosis;
  limits: AttemptLimits;
  /** Where reading the index takes one; only for containers that fetch, in which nothing of a project runs. */
  indexToken: string | undefined;
  cache: CompilerCache | undefined;
  /** Key of the environment of these wheels; undefined where none is kept. */
  environmentKey: (wheels: readonly FetchedWheel[]) => string | undefined;
  signal: AbortSignal;
}

export interface AttemptLimits {
  build: ContainerLimits;
  /** For containers of our own tools, and for tests. */
  short: ContainerLimits;
  jobs: number;
  wheelBytes: number;
}

/** The interpreter that runs our scripts in a builder image; it has the tools' own packages and none of the build's. */
export const TOOLS_PYTHON = '/opt/tools/bin/python';

export function targetPython(order: BuildOrder): string {
  const { python } = order.target;
  return `/opt/python/${python}-${python}/bin/python3`;
}

/** Runs one of our scripts with its task; everything that it prints goes to the log. */
export async function runScript(
  context: PhaseContext,
  script: string,
  task: unknown,
  spec: Omit<ContainerSpec, 'command' | 'workspace' | 'environment'> & {
    python: string;
    environment?: Record<string, string>;
    /** Sees all output before it is logged. */
    onOutput?: (chunk: Buffer) => void;
  },
): Promise<ContainerExit> {
  const { python, onOutput, ...rest } = spec;
  const { engine, workspace, signal } = context;
  const text = JSON.stringify(task);
  const large = Buffer.byteLength(text) > MAX_VARIABLE_BYTES;
  if (large) {
    const open = () => packFiles([], [{ name: 'task.json', text }]);
    await engine.putTars(workspace, [{ folder: '/inputs', open }], signal);
  }
  const exit = await engine.run(
    {
      ...rest,
      command: [python, '-I', `/inputs/scripts/${script}`],
      workspace,
      environment: { ...BASE_ENVIRONMENT, ...spec.environment, WHEELWRIGHT_TASK: large ? '/inputs/task.json' : text },
    },
    (chunk) => {
      onOutput?.(chunk);
      return context.log.write(chunk);
    },
    signal,
  );
  context.log.endLine();
  return exit;
}

/** Linux takes no variable of more than 128 KiB, and a recipe's script or the modules of a wheel may be more; carrying a file in takes longer. */
const MAX_VARIABLE_BYTES = 100 * 2 ** 10;

const BASE_ENVIRONMENT = {
  LC_ALL: 'C.UTF-8',
  TZ: 'UTC',
  PYTHONHASHSEED: '0',
  PYTHONDONTWRITEBYTECODE: '1',
  PYTHONUNBUFFERED: '1',
} as const;

export function succeeded(exit: ContainerExit): boolean {
  return exit.kind === 'exited' && exit.code === 0;
}

/** A failure in the words of the log. */
export function diagnosed<T>(context: PhaseContext, known: DiagnosisContext & { phase: Phase }): PhaseResult<T> {
  return { kind: 'failed', failure: context.diagnosis.conclude(known) };
}

/** A failure that the phase itself recognised; its line goes to the log, so that it can be read there. */
export function failed<T>(
  context: Pick<PhaseContext, 'log'>,
  phase: Phase,
  failure: { class: FailureClass; line: string; cause: string } & Partial<Failure>,
): PhaseResult<T> {
  context.log.say(`${phase}: ${failure.line}`);
  return { kind: 'failed', failure: { phase, lineNumber: context.log.lineCount, ...failure } };
}

export function startDiagnosis(order: BuildOrder, phase: Phase): Diagnosis {
  const version = /^cp(\d)(\d+)/.exec(order.target.python);
  const { project } = order;
  return createDiagnosis({ phase, project, ...(version === null ? {} : { python: `${version[1]}.${version[2]}` }) });
}

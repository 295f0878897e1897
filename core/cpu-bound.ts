import type { Failure } from './failure.js';

/** Functions of npymath, which numpy's wheels bring for extensions to be linked with. */
const OF_NPYMATH = /` in npy_\w+,/;

/** @param line what worker/scripts/cpu.py says of a wheel that would not run on every processor of its level */
export function cpuBound(line: string): Pick<Failure, 'class' | 'line' | 'cause' | 'proposal'> {
  if (OF_NPYMATH.test(line)) {
    return {
      class: 'cpu-bound',
      line,
      cause:
        "The wheel would crash on an older processor. The extension is linked with numpy's static library npymath, which from numpy 2.4 on is compiled for processors of the level x86-64-v2. An older numpy to build with, or `cpu: x86-64-v2` in the recipe, helps.",
      proposal: {
        edit: { requires: { constraints: ['numpy<2.4'] } },
        why: 'The npymath of numpy before 2.4 runs on every processor, and what is built with it runs with later ones as well.',
      },
    };
  }
  return {
    class: 'cpu-bound',
    line,
    cause:
      'The wheel would crash on an older processor. Most projects that do this have a switch of their own that turns it off (`environment` or `config-settings` in the recipe); a wheel that may need such a processor is built with `cpu` in the recipe, which is recorded with the file.',
  };
}

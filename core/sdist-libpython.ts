// Builds that link their extension against libpython. The interpreters of the images have none, as those of manylinux: an extension finds these symbols in whatever
// interpreter loads it (https://peps.python.org/pep-0513/#libpythonx-y-so-1). Only programs that embed Python need the library.
import type { Failure, Proposal } from './failure.js';
import type { SdistText } from './sdist-text.js';

const LINKED = /cannot find -l(python3[\w.]*)/;
const CMAKE_WANTS = /Could NOT find Python\w* .*(?:PYTHON_LIBRAR|Python3?_LIBRAR|Development)/;
const EMBEDS = /\bPy_(?:Initialize\w*|Main|RunMain)\s*\(|\bscoped_interpreter\b|pybind11\/embed\.h/;
/** Where an attempt unpacks the sdist. */
const SOURCES = '/build/src';

/**
 * An empty libpython to link against, as a guess.
 * @param sources the C and C++ code of the sdist, and what generates it
 * @returns undefined where the failure is another, or the code embeds Python
 */
export function emptyLibpython({ line }: Failure, sources: readonly SdistText[]): Proposal | undefined {
  const [, linked] = LINKED.exec(line) ?? [];
  if ((linked === undefined && !CMAKE_WANTS.test(line)) || sources.some(({ text }) => EMBEDS.test(text)))
    return undefined;
  const folder = 'no-libpython';
  const archive = `lib${linked ?? 'python3'}.a`;
  const variables = ['Python', 'Python3', 'PYTHON'].map((name) => `-D${name}_LIBRARY=${SOURCES}/${folder}/${archive}`);
  return {
    edit: {
      prepare: `# An empty libpython: extensions find its symbols in the interpreter that loads them.\nmkdir -p ${folder}\nar rc ${folder}/${archive}\n`,
      environment:
        linked === undefined ? { CMAKE_ARGS: variables.join(' ') } : { LIBRARY_PATH: `${SOURCES}/${folder}` },
    },
    why: 'the build links against libpython, which an extension does not need, and nothing in the sdist embeds Python',
    guess: true,
  };
}

// A copy of pybind11 that an sdist brings, where it is older than the Python that builds.
import type { Failure, Proposal } from './failure.js';

const IN_PYBIND11 = /(?:^|\/)pybind11\/(?:detail\/)?\w+\.h:\d+[:\d]* (?:fatal )?error: /;

/** Headers of pybind11 before 2.9 reach into frames as they were before Python 3.11, and each later Python asks for a later one: that of the index takes the copy's place. */
export function newerBindings({ class: kind, line }: Failure, paths: readonly string[]): Proposal[] {
  const own = paths.find((path) => /(?:^|\/)pybind11\/pybind11\.h$/.test(path));
  const isOwn = IN_PYBIND11.test(line) && !line.includes('/site-packages/');
  if (own === undefined || !isOwn || (kind !== 'python-too-new' && kind !== 'compile-error')) return [];
  return [
    {
      edit: { requires: { additions: ['pybind11<3'] }, prepare: IN_ITS_PLACE },
      why: `the sdist has ${own}, whose pybind11 was made before this Python`,
      guess: true,
    },
  ];
}

const IN_ITS_PLACE = `# The pybind11 that is required, in place of a copy from before this Python.
find . -path '*/pybind11/pybind11.h' | while read -r header; do
  folder=$(dirname "$header")
  rm -r "$folder"
  cp -r "$(python -c 'import pybind11; print(pybind11.get_include())')/pybind11" "$folder"
done
`;

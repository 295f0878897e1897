import type { Rule } from '../rule.js';

const JAVA_TOOL = /^(?:javac?|ant|mvn|jar|javadoc)$/;
const C_COMPILER = /^(?:gcc|g\+\+|cc|c\+\+|x86_64-linux-gnu-gcc|x86_64-linux-gnu-g\+\+)$/;
/** The names by which the implementations of MPI are called; each brings them by Debian's alternatives, not as files. */
const MPI_COMPILER = /^mpi(?:cc|cxx|c\+\+|CC|f77|f90|fort)$/;
const TOOLCHAIN_OF: Readonly<Record<string, string>> = {
  cargo: 'rust',
  rustc: 'rust',
  rustup: 'rust',
  gfortran: 'fortran',
  f77: 'fortran',
  f90: 'fortran',
  go: 'go',
  cmake: 'cmake',
  swig: 'swig',
};
/** Programs that belong to the building interpreter, so that those of the distribution are the wrong ones. */
const PROJECT_OF_TOOL: Readonly<Record<string, string>> = {
  cython: 'cython',
  cython3: 'cython',
  cythonize: 'cython',
  f2py: 'numpy',
  meson: 'meson',
  'pybind11-config': 'pybind11',
};
/** Names that are no files: Debian's alternatives lead from them to these. */
const BEHIND: Readonly<Record<string, string>> = { yacc: 'bison.yacc' };
const DATA_FILE =
  /\.(?:txt|md|rst|json|toml|cfg|ini|in|py|pyx|pyi|c|cc|cpp|h|pxd|yaml|yml|lock|sh|typed|xml|csv|proto|so|a)$/i;

/** What a setup script opens rather than runs. */
function isOwnFile(name: string): boolean {
  return (
    DATA_FILE.test(name) ||
    /(?:^|\/)(?:README|LICENSE|VERSION|CHANGES|HISTORY|CHANGELOG|PKG-INFO|MANIFEST|AUTHORS|requirements)[^/]*$/i.test(
      name,
    )
  );
}

/** What the lack of a program means: a toolchain, a Python package of the build, or the package that has it. */
export function missingTool(name: string): ReturnType<NonNullable<Rule['refine']>> {
  if (
    name === '' ||
    isOwnFile(name) ||
    /^(?:python[\d.]*|sh|bash|env|dpkg-\w+|lsb_release|ldconfig|hg|svn|sw_vers|xcrun|brew)$/.test(name)
  )
    return 'ignore';
  const project = PROJECT_OF_TOOL[name];
  if (project !== undefined) {
    return {
      class: 'build-requirement',
      cause: `The build calls ${name}, a program of the Python package ${project}, which is not among its build requirements.`,
      edit: { requires: { additions: [project] } },
      why: `${project} brings ${name}, as of the interpreter that builds.`,
    };
  }
  if (C_COMPILER.test(name)) {
    return {
      class: 'toolchain-missing',
      cause:
        'There is no C or C++ compiler in the image. A builder image has one: this log comes from another, or the image is broken.',
    };
  }
  const toolchain = JAVA_TOOL.test(name) ? 'java' : TOOLCHAIN_OF[name];
  if (toolchain !== undefined) {
    return {
      class: name === 'swig' || name === 'cmake' ? 'missing-tool' : 'toolchain-missing',
      cause: `The build calls ${name}, which is not in the image: it needs the ${toolchain} toolchain.`,
      edit: { toolchains: [toolchain] },
      why: `The ${toolchain} toolchain brings ${name}.`,
    };
  }
  if (MPI_COMPILER.test(name)) return { missing: [{ kind: 'cmake', name: 'MPI', loose: true }] };
  // It calls the others, which fail one after the other otherwise.
  const names = name === 'autoreconf' ? [name, 'automake', 'libtoolize'] : [name];
  return { missing: names.map((each) => ({ kind: 'tool', name: BEHIND[each] ?? each })) };
}

const tool = {
  weight: 'tool',
  class: 'missing-tool',
  cause: 'The build calls the program {1}, which is not in the image. The package that has it helps.',
} as const;

/** Programs that are not there, and files that were meant to be. */
export const toolRules: readonly Rule[] = [
  {
    match:
      /(\w+_config) (?:executable |command )?(?:not found|is not found|could not be found)|(?:mysql_config): not found/,
    ...tool,
    cause:
      'The setup script asks {1} where its library is, and {1} is not in the image. The development package of the library brings it.',
    refine: ([, name]) => ({ missing: [{ kind: 'tool', name: name ?? 'mysql_config' }] }),
  },
  {
    match: /(?:Could not|Couldn't|Cannot|Can't|Unable to|Failed to) (?:run|execute|call) [`'"]?([\w.+-]+-config)\b/i,
    ...tool,
    cause:
      'The setup script asks {1} where its library is, and {1} is not in the image. The development package of the library brings it.',
    missing: [{ kind: 'tool', name: '{1}' }],
  },
  {
    match: /(?:llvm-config|LLVM_CONFIG).*(?:failed|not found|No such file)|Could not find a suitable llvm-config/,
    ...tool,
    cause:
      'The build asks llvm-config where LLVM is, and it is not in the image, or fails. The development package of the right LLVM version helps.',
    missing: [{ kind: 'tool', name: 'llvm-config' }],
  },
  {
    match:
      /(?::(?: line)? \d+: |^(?:\/\S*\/)?(?:ba|da)?sh: )([\w.+-]+): (?:command )?not found$|^([\w.+-]+): command not found$/,
    ...tool,
    cause: 'The build calls the program {1}{2}, which is not in the image. The package that has it helps.',
    refine: ([, inShell, alone]) => missingTool(inShell ?? alone ?? ''),
  },
  {
    // A setup script that asks `x-config` through a shell hands the shell's complaint to the compiler, word by word, as flags.
    match: /^(?:\S*(?:gcc|g\+\+|cc|c\+\+|clang)): error: ([A-Za-z][\w.+-]*):: No such file or directory/,
    ...tool,
    cause:
      "The setup script takes its compiler's flags from {1}, which is not in the image. The development package of the library brings it.",
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /^(?:\/usr\/bin\/)?env: [‘'“"]?([\w.+-]+)[’'”"]?: No such file or directory/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /make(?:\[\d+\])?: ([\w.+-]+): (?:Command not found|No such file or directory)/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /error: command ['"]?([\w.+-]+)['"]? failed: (?:No such file or directory|None)/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /\[Errno 2\] No such file or directory: ['"](?:\/build\/src\/)?((?!\/)[^'"]+)['"]/,
    weight: 'tool',
    class: 'bad-sdist',
    cause:
      'The setup script reads its own file {1}, which the sdist does not hold. A patch or a prepare script in the recipe that makes it, or another release, helps.',
    refine: ([, name = '']) => (isOwnFile(name) ? {} : 'ignore'),
  },
  {
    match: /error: (?:package directory '([^']+)' does not exist|can't copy '([^']+)': doesn't exist)/,
    weight: 'tool',
    class: 'bad-sdist',
    cause:
      'The setup script names {1}{2}, which the sdist does not hold. A prepare script in the recipe that makes it, or another release, helps.',
  },
  {
    match:
      /(?:cp|mv|cd|install|ln|tar)(?:: line \d+)?: (?:cannot stat |can't cd to )?[‘'"]?((?!\/)[\w./+-]+)[’'"]?:? No such file or directory|: \*\*\* No rule to make target [‘'"`]([^’'"`]+)[’'"`], needed by/,
    weight: 'sentence',
    class: 'bad-sdist',
    cause:
      'The build wants its own file {1}{2}, which the sdist does not hold, or which an earlier step should have made. A source or a prepare script in the recipe that brings it, or another release, helps.',
  },
  {
    // A program of the library that is asked for want of its `x-config` tells less than that one, which comes with the headers.
    match: /\[Errno 2\] No such file or directory: ['"]([\w.+-]+)['"]/,
    ...tool,
    refine: ([line, name = '']) => missingTool(/\b[\w.+]+-config\b/.exec(line)?.[0] ?? name),
  },
  {
    match: /(?:failed to find tool\.? |Can't exec )["'`]([\w.+-]+)["'`]/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /unable to execute ['"]?([\w.+-]+)['"]?: No such file or directory/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match:
      /(?:Could not find|Cannot find|Can't find|Unable to find|could not locate|Didn't find) (?:the )?(?:program |executable |command )?[`'"]?(ant|mvn|swig|bazel|cmake|ninja|flex|bison|autoreconf|autoconf|automake|libtoolize|nasm|yasm|protoc|patchelf|re2c|git|m4|perl|gperf|meson|makeinfo|help2man|thrift|capnp|flatc|qmake|moc|doxygen|xmllint|nvcc)[`'"]?(?:\b(?!\.)|$)/i,
    ...tool,
    refine: ([, name = '']) => missingTool(name.toLowerCase()),
  },
  {
    match: /exec: "([\w.+-]+)": executable file not found in \$PATH/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
];

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

/** Compilers and programs that are not there, or too old. */
export const toolchainRules: readonly Rule[] = [
  {
    match:
      /Rust not found, installing into a temporary directory|can't find Rust compiler|Cargo, the Rust package manager, is not installed|[Dd]o you have cargo in your PATH|rustc, the rust compiler, is not installed|(?:maturin|setuptools-rust).*(?:rustc|cargo).*(?:not found|not installed)|Unable to find (?:rustc|cargo)|Rust toolchain .*not (?:found|installed)|rustc is not installed/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'The project is written in Rust, and the image has no Rust toolchain.',
    edit: { toolchains: ['rust'] },
    why: 'The rust toolchain brings rustc and cargo.',
  },
  {
    match:
      /(?:requires|needs) rustc (?:version )?v?([\d.]+)(?:.*(?:currently|active|while).*rustc(?: is| version is)? ([\d.]+))?/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      'A crate needs rustc {1}, and the image has an older one. A newer Rust toolchain, or an older release of the project, helps.',
    edit: { toolchains: ['rust'] },
    why: "The rust toolchain is newer than the distribution's rustc.",
    guess: true,
  },
  {
    match:
      /feature [`'"]edition20\d\d[`'"] is required|lock file version [`'"]?(\d+)[`'"]? (?:was found, but this version|requires)|this version of Cargo is older than the [`'"]?20\d\d|failed to parse lock file|is not supported by this (?:version of Cargo|Cargo)|cannot be built because it requires rustc/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The image's Rust is older than the project's crates. A newer Rust toolchain, or an older release of the project, helps.",
    edit: { toolchains: ['rust'] },
    why: "The rust toolchain is newer than the distribution's rustc.",
    guess: true,
  },
  {
    match:
      /the configured Python (?:interpreter )?version \((3\.\d+)\) is newer than PyO3's maximum supported version \((3\.\d+)\)/,
    weight: 'toolchain',
    class: 'python-too-new',
    cause:
      "The project's PyO3 knows Python up to {2}, and this is {1}. A newer release of the project or an older Python helps; building for the stable ABI often works too.",
    edit: { environment: { PYO3_USE_ABI3_FORWARD_COMPATIBILITY: '1' } },
    why: 'PyO3 then builds for the stable ABI of the newest Python that it knows.',
    guess: true,
  },
  {
    match: /error\[E0554\]|is only accepted on the nightly compiler/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The project's code asks for features that only a nightly Rust offers by itself. A release of Rust takes them too where RUSTC_BOOTSTRAP is set, as long as it still has them.",
    edit: { environment: { RUSTC_BOOTSTRAP: '1' } },
    why: 'RUSTC_BOOTSTRAP=1 lets a released rustc use unstable features.',
    guess: true,
  },
  {
    match: /error: toolchain '([\w.-]+)' is not installed/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The project's rust-toolchain file asks rustup for {1}, which is not there. Without that file (a prepare script can remove it) the toolchain of the image is used.",
    edit: { prepare: 'rm -f rust-toolchain rust-toolchain.toml\n' },
    why: 'The toolchain of the image is then used.',
    guess: true,
  },
  {
    match: /could not find native static library `([\w.+-]+)`/,
    weight: 'linker',
    class: 'missing-library',
    cause: 'rustc does not find the library {1}. Its development package has it.',
    missing: [{ kind: 'library', name: '{1}' }],
  },
  {
    match: /`#\[deny\(([\w:]+)\)\]`.* on by default/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      "rustc's lint {1} refuses the project's code. Compilers of the release's age accepted it, and so does this one with the lint turned off.",
    edit: { environment: { RUSTFLAGS: '-A{1}' } },
    why: '-A{1} lets rustc accept what the lint refuses.',
  },
  {
    match:
      /^error(?:\[E\d{4}\])?: (?!failed to run custom build command|could not compile|aborting due to|linking with|Failed to)(.+)$/,
    weight: 'generic',
    class: 'compile-error',
    cause: 'The Rust compiler or cargo refuses: {1}',
    refine: ([line, text = '']) =>
      /^error\[E\d{4}\]/.test(line) ||
      /^(?:failed to (?:select a version|parse manifest|load manifest|get|resolve)|no matching package|package `)/.test(
        text,
      )
        ? { class: /E\d{4}/.test(line) ? 'compile-error' : 'build-requirement' }
        : 'ignore',
  },
  {
    match:
      /Unknown compiler\(s\): \[\[['"]gfortran|No Fortran compiler|(?:gfortran|f77|f90): (?:command )?not found|No CMAKE_Fortran_COMPILER could be found|error: (?:extension|library) '?\S*'? has Fortran sources but no Fortran compiler found|no acceptable Fortran compiler|Fortran compiler not found/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'The project has Fortran code, and the image has no Fortran compiler.',
    edit: { toolchains: ['fortran'] },
    why: 'The fortran toolchain brings gfortran.',
  },
  {
    match: /is `cmake` not installed\?|Problem with the CMake installation, aborting build/,
    weight: 'toolchain',
    class: 'missing-tool',
    cause: 'The build calls cmake, which is not in the image: it needs the cmake toolchain.',
    edit: { toolchains: ['cmake'] },
    why: 'The cmake toolchain brings cmake.',
  },
  {
    match: /error: linker [`'"‘]([\w+.-]+)[`'"’] not found/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'rustc finds no linker {1}.',
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /Unknown compiler\(s\): \[?\[['"]([\w+.-]+)/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'meson finds no compiler such as {1}.',
    refine([, name = '']) {
      if (TOOLCHAIN_OF[name] !== undefined || C_COMPILER.test(name)) return missingTool(name);
      if (!/^cython3?$/.test(name)) return {};
      return {
        class: 'build-requirement',
        cause: 'meson does not find cython in the build environment.',
        edit: { requires: { additions: ['cython'] } },
        why: 'cython is a Python package; the project does not declare it.',
      };
    },
  },
  {
    match: /No CMAKE_(\w+)_COMPILER could be found|CMAKE_(ASM_\w+)_COMPILER not set, after EnableLanguage/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'CMake finds no {1}{2} compiler, which the project requires.',
    refine([, named, unset]) {
      const language = named ?? unset ?? '';
      if (language === 'Java') return { edit: { toolchains: ['java'] }, why: 'The java toolchain brings a JDK.' };
      if (language !== 'ASM_NASM' && language !== 'ASM_YASM') return {};
      return { class: 'missing-tool', missing: [{ kind: 'tool', name: language.slice(4).toLowerCase() }] };
    },
  },
  {
    match:
      /(?:set|define|export).{0,40}\bJAVA_HOME\b|KeyError: ['"]JAVA_HOME['"]|JAVA_HOME (?:is not|not|must be|is undefined|environment variable)|No JVM shared library file|(?:Unable|Could not|Couldn't) (?:to )?(?:find|locate) (?:a )?(?:java|JDK|javac|JAVA_HOME)\b|\b(?:find|locat|determin)(?:e|ing)? (?:the )?java[ _]?home\b|JDK.*(?:not found|is required)/i,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'The build needs a Java development kit, which is not in the image.',
    edit: { toolchains: ['java'] },
    why: 'The java toolchain brings a JDK and sets JAVA_HOME.',
    // What is imported finds a JDK where it will be used, not where it was built.
    refine: (_match, { phase }) =>
      phase === 'test'
        ? {
            class: 'missing-in-clean-image',
            cause:
              'The wheel looks for Java when it is imported, and an image without compilers has none. The consuming image must bring it.',
            edit: { runtime: { apt: ['default-jdk-headless'] } },
            why: 'default-jdk-headless is what Debian calls its usual JDK.',
            guess: true,
          }
        : {},
  },
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
    match: /\[Errno 2\] No such file or directory: ['"]((?!\/)[^'"]+)['"]/,
    weight: 'tool',
    class: 'bad-sdist',
    cause:
      'The setup script reads its own file {1}, which the sdist does not hold. A patch or a prepare script in the recipe that makes it, or another release, helps.',
    refine: ([, name = '']) => (isOwnFile(name) ? {} : 'ignore'),
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
    match:
      /CUDA_HOME (?:environment variable )?is not set|nvcc(?: was)? not found|Failed to find CUDA|Could NOT find CUDA/i,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The build wants NVIDIA's CUDA compiler, which the image does not have. Most projects have a switch that leaves the GPU code out.",
  },
  {
    match: /exec: "([\w.+-]+)": executable file not found in \$PATH/,
    ...tool,
    refine: ([, name = '']) => missingTool(name),
  },
  {
    match: /go: go\.mod requires go >= ([\d.]+) \(running go ([\d.]+)|module requires Go ([\d.]+)/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: "The Go code needs Go {1}{3}, and the image's is older.",
  },
  {
    // Go before 1.21 knows neither the directive nor a version with three parts.
    match: /\bgo\.mod:\d+: (?:unknown directive: (\w+)|invalid go version ['"]?([\w.]+)['"]?: must match)/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The image's Go is older than the project's go.mod, in which it does not understand {1}{2}. A newer Go toolchain, or an older release of the project, helps.",
  },
  {
    match: /: package ([\w/.-]+) is not in (?:GOROOT|std)\b/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The Go code imports {1}, which the image's Go does not have among its own packages. A newer Go toolchain, or an older release of the project, helps.",
    guess: true,
  },
];

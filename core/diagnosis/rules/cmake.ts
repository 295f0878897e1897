import type { Finding, Rule } from '../rule.js';
import { missingTool } from './tools.js';

const CMAKE_PARTS_OF_PYTHON = /^(?:Python[23]?|PythonLibs|PythonInterp|PythonLibsNew|PythonExtensions)$/;

/** What binds C++ to Python is a Python package, of which the distribution's may be older than the interpreter. */
function bindings(cmakeName: string): Partial<Finding> | undefined {
  const name = cmakeName.toLowerCase();
  if (!/^(?:pybind11|nanobind)$/.test(name)) return undefined;
  return {
    class: 'build-requirement',
    cause: `CMake looks for ${name}, which the build requirements should bring, and does not find it.`,
    missing: [],
    edit: { requires: { additions: [name] } },
    why: `${name} installed as a Python package brings its own CMake configuration.`,
    guess: true,
  };
}

/** What CMake says when it gives up. */
export const cmakeRules: readonly Rule[] = [
  {
    match: /Could NOT find ([\w.+-]*\w\+*) ?(?:\(missing: ([^)]*)\)?)?/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'missing-library',
    cause: 'CMake does not find {1}, which the project requires. Its development package helps.',
    missing: [{ kind: 'cmake', name: '{1}' }],
    refine: notFound,
  },
  {
    match:
      /add_subdirectory given source ["']([^"']+)["'] which is not an existing directory|^does not contain a CMakeLists\.txt file/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'bad-sdist',
    cause:
      'CMake is sent to a folder that the sdist does not hold, usually a git submodule of the project. A source in the recipe that brings it, a switch that takes the system library, or another release helps.',
  },
  {
    // CMake only says so where it has found files of other versions.
    match:
      /Could not find a configuration file for package ["']([\w+-]+)["'] that (?:is compatible with|exactly matches) requested version(?: range)? ["']([^"']+)["']/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'library-too-old',
    cause:
      'CMake finds {1}, but in no version that will do for {2}, which this release asks for: usually the one of the base is older. An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    match:
      /(?:By not providing ["']Find([\w+-]+)\.cmake["']|Could not find a package configuration file provided by ["']([\w+-]+)["'])/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'missing-library',
    cause: 'CMake does not find the package {1}{2}, which the project requires. Its development package helps.',
    missing: [{ kind: 'cmake', name: '{1}{2}' }],
    refine: ([, a, b]) => bindings(a ?? b ?? '') ?? {},
  },
  {
    match: /that is compatible with requested version ["']([\w.]+)["']/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'library-too-old',
    cause:
      'CMake finds the package, but not in the version {1} that this release asks for. An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    match:
      /Could not find (\w+?)_?(EXECUTABLE|PROGRAM|BIN|COMPILER|CMD)? using the following names: ([\w.+-]+(?:, [\w.+-]+)*)/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'missing-library',
    cause: 'CMake does not find the library {3}, which the project requires.',
    refine([, , suffix, names = ''], { cmakeError }) {
      const [name = '', ...or] = names.split(', ');
      const part = { name, ...(or.length > 0 ? { or } : {}) };
      const tool = suffix !== undefined || cmakeError === 'find_program';
      if (!tool) return { missing: [{ kind: 'library', ...part }] };
      if (/^(?:ant|javac?|mvn)$/.test(name)) {
        return {
          class: 'toolchain-missing',
          cause: `CMake does not find ${name}, which the project requires.`,
          edit: { toolchains: ['java'] },
          why: `The java toolchain brings ${name}.`,
        };
      }
      return {
        class: 'missing-tool',
        cause: `CMake does not find the program ${name}, which the project requires.`,
        missing: [{ kind: 'tool', ...part }],
      };
    },
  },
  {
    match: /Could not find (\w+) using the following files: ([\w./+-]+)/,
    weight: 'header',
    only: 'cmake-error',
    class: 'missing-header',
    cause: 'CMake does not find the header {2}. The development package that holds it helps.',
    missing: [{ kind: 'header', name: '{2}' }],
  },
  {
    match: /^- ([\w.+-]+)(?:[<>=]+([\w.]+))?$/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'missing-library',
    cause: 'CMake asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match: /Compatibility with CMake < 3\.5 has been removed/,
    weight: 'dependency',
    class: 'build-requirement',
    cause:
      'The project asks for a CMake older than 3.5, which CMake 4 no longer plays. CMake 3, or telling CMake 4 to accept it, helps.',
    edit: { environment: { CMAKE_POLICY_VERSION_MINIMUM: '3.5' } },
    why: 'CMake 4 reads this variable and treats the old project as one for 3.5.',
  },
  {
    match: /CMake (\d[\d.]*) or higher is required\.\s+You are running version (\d[\d.]*)/,
    weight: 'dependency',
    class: 'toolchain-missing',
    cause: 'The project needs CMake {1}, and the image has {2}.',
    edit: { requires: { additions: ['cmake>={1}'] } },
    why: 'CMake is a Python package as well, and newer there.',
  },
  {
    match:
      /^file INSTALL cannot (?:copy|make|create) .* to ["']([^"']+)["']: (?:Read-only file system|Permission denied)/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'compile-error',
    cause:
      'CMake installs a file into {1}, outside of the prefix that it was given, where a build may not write. A switch of the project that leaves that file out helps.',
  },
  {
    match: /^Unknown CMake command "(\w+)"/,
    weight: 'dependency',
    only: 'cmake-error',
    class: 'toolchain-missing',
    cause: "The project uses CMake's command {1}, which the CMake of the image is too old for.",
    edit: { requires: { additions: ['cmake'] } },
    why: 'cmake is had as a wheel, newer than that of the image.',
    refine([, name = '']) {
      const [, bindings] = /^(pybind11|nanobind)_/.exec(name) ?? [];
      if (bindings !== undefined) {
        return {
          class: 'build-requirement',
          cause: `The project uses the command ${name} of ${bindings}, which its CMake code does not find.`,
          edit: { requires: { additions: [bindings] } },
          why: `${bindings} installed as a Python package brings its own CMake configuration.`,
          guess: true,
        };
      }
      // Other names are mostly the project's own, from a file that it did not include.
      return /^(?:cmake_\w+|block|endblock)$/.test(name) ? {} : 'ignore';
    },
  },
  {
    match: /CMake was unable to find a build program corresponding to ["']Ninja/,
    weight: 'dependency',
    class: 'build-requirement',
    cause: 'CMake is told to use Ninja, which is not among the build requirements.',
    edit: { requires: { additions: ['ninja'] } },
    why: 'ninja is had as a wheel as well.',
  },
];

/** What `Could NOT find NAME (missing: PARTS)` of CMake means, which says it of programs, libraries and parts of Python alike. */
function notFound([line, name = '', parts = '']: RegExpExecArray): Partial<Finding> {
  const ofPython = bindings(name);
  if (ofPython !== undefined) return ofPython;
  if (/^(?:Java|JNI)$/.test(name)) {
    return {
      class: 'toolchain-missing',
      cause: 'CMake does not find a Java development kit, which the project requires.',
      missing: [],
      edit: { toolchains: ['java'] },
      why: 'The java toolchain brings a JDK.',
    };
  }
  const version = /Found unsuitable version "([^"]*)", but required is (?:at least |exact version )?"([^"]*)"/.exec(
    line,
  );
  if (version !== null) {
    return {
      class: 'library-too-old',
      cause: `CMake finds ${name} ${version[1]}, but this release needs ${version[2]}. An older release of the project, a newer target, or the library built first from a newer source package helps.`,
      missing: [],
    };
  }
  // Programs that it looks for, by their variables: BISON_EXECUTABLE.
  const programs = [...parts.matchAll(/\b(\w+)_(?:EXECUTABLE|PROGRAM)\b/g)].map(([, part = '']) => part.toLowerCase());
  const [program] = programs;
  if (program !== undefined && !/_(?:INCLUDE|LIBRAR)|_FOUND\b/.test(parts) && !CMAKE_PARTS_OF_PYTHON.test(name)) {
    const tool = program === 'pkg_config' ? 'pkg-config' : program;
    const known = missingTool(tool);
    return {
      class: 'missing-tool',
      cause: `CMake does not find the program ${tool}, which the project requires.`,
      missing: [{ kind: 'tool', name: tool }],
      ...(known === 'ignore' ? {} : known),
    };
  }
  // OpenBLAS has both, and who needs the one mostly needs the other.
  if (/^(?:BLAS|LAPACK)$/.test(name)) return { missing: [{ kind: 'library', name: 'openblas' }] };
  if (name === 'Boost') {
    const components = [...parts.matchAll(/\b[a-z_]+\d*\b/g)].map(([part]) => part);
    if (components.length > 0)
      return { missing: components.map((part) => ({ kind: 'library', name: `boost_${part}` })) };
  }
  // The module is there, and what it needs in turn is not.
  const needed = [...parts.matchAll(/\b(\w+)_FOUND\b/g)].map(([, part = '']) => part).filter((part) => part !== name);
  if (needed.length > 0) {
    return {
      cause: `CMake finds ${name}, but not what that needs: ${needed.join(', ')}. Their development packages help.`,
      missing: needed.map((part) => ({ kind: 'cmake', name: part })),
    };
  }
  if (CMAKE_PARTS_OF_PYTHON.test(name)) {
    // Where the library is missing, CMake names every part that was asked for.
    return /NumPy/.test(`${line}${parts}`) && !/_LIBRAR/.test(parts)
      ? {
          class: 'build-requirement',
          cause: 'CMake looks for numpy in the build environment and does not find it.',
          missing: [],
          edit: { requires: { additions: ['numpy'] } },
          why: 'FindPython takes the numpy that the building interpreter can import.',
        }
      : {
          class: 'compile-error',
          cause:
            'CMake asks for parts of Python that wheels are not linked with (often libpython, with Development instead of Development.Module), or for another interpreter.',
          missing: [],
        };
  }
  if (/^(?:SWIG|Cargo|Rust)$/.test(name)) {
    const toolchain = name === 'SWIG' ? 'swig' : 'rust';
    return {
      class: 'toolchain-missing',
      cause: `CMake does not find ${name}, which the project requires.`,
      missing: [],
      edit: { toolchains: [toolchain] },
      why: `The ${toolchain} toolchain brings it.`,
    };
  }
  return {};
}

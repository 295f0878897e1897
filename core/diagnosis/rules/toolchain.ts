import type { Rule } from '../rule.js';
import { missingTool } from './tools.js';

/** Compilers other than those of C and Rust that are not there, or too old. */
export const toolchainRules: readonly Rule[] = [
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
    match: /Unknown compiler\(s\): \[?\[['"]([\w+.-]+)/,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause: 'meson finds no compiler such as {1}.',
    refine([, name = '']) {
      const known = missingTool(name);
      return known === 'ignore' || known.class === undefined ? {} : known;
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
    match: /is `cmake` not installed\?|Problem with the CMake installation, aborting build/,
    weight: 'toolchain',
    class: 'missing-tool',
    cause: 'The build calls cmake, which is not in the image: it needs the cmake toolchain.',
    edit: { toolchains: ['cmake'] },
    why: 'The cmake toolchain brings cmake.',
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
  {
    match:
      /CUDA_HOME (?:environment variable )?is not set|nvcc(?: was)? not found|Failed to find CUDA|Could NOT find CUDA/i,
    weight: 'toolchain',
    class: 'toolchain-missing',
    cause:
      "The build wants NVIDIA's CUDA compiler, which the image does not have. Most projects have a switch that leaves the GPU code out.",
  },
];

import { foldProjectName } from '../../project-name.js';
import type { Rule } from '../rule.js';

const MARK_AS_PLATFORM_SPECIFIC = `# What the project compiles by itself, setuptools does not know of.
[ ! -e setup.py ] || sed -i '1i import setuptools; setuptools.Distribution.has_ext_modules = lambda self: True' setup.py
`;

/** What auditwheel says, and what happens when the finished wheel is imported. */
export const wheelRules: readonly Rule[] = [
  {
    match: /too-recent versioned symbols/,
    weight: 'requirement',
    class: 'repair-refused',
    cause:
      'A library or extension in the wheel needs a newer glibc than the target has. It was compiled elsewhere (a prebuilt binary in the sdist or a download) or the target is older than its builder image.',
  },
  {
    match:
      /required library ['"](.+?)['"] could not be located|Cannot repair wheel, because required library "(.+?)" could not be located/,
    weight: 'requirement',
    class: 'repair-refused',
    cause:
      'auditwheel does not find {1}{2}, which an extension needs. Either it lies in a folder that auditwheel does not look at, or another wheel brings it and it must be excluded.',
  },
  {
    match: /black-listed symbols? dependencies|unsupported ISA (?:level|extensions)/,
    weight: 'requirement',
    class: 'repair-refused',
    cause:
      'The wheel depends on symbols or on processor instructions that the policy forbids. A switch of the project that turns them off helps.',
  },
  {
    match: /Invalid binary wheel, found the following shared library|found in purelib folder/,
    weight: 'requirement',
    class: 'repair-refused',
    cause:
      'The wheel says that it is pure and holds a compiled library: its build does not mark it as platform specific.',
    edit: { prepare: MARK_AS_PLATFORM_SPECIFIC },
    why: 'setuptools makes wheels of this platform for projects that say they have extensions.',
    guess: true,
  },
  {
    match: /(?:This does not look like a platform wheel|does not look like a platform wheel)/,
    weight: 'requirement',
    class: 'silent-fallback',
    cause: 'The wheel has a platform tag, but no compiled file is in it: the extension was left out without failing.',
  },
  {
    match: /patchelf\b.*(?:not found|>= 0\.14)|Cannot find required utility `patchelf`/,
    weight: 'requirement',
    class: 'infrastructure',
    cause: 'patchelf is missing in the builder image, or is too old for auditwheel.',
  },
  {
    match:
      /(?:(?:ImportError|OSError): |^\s*cannot load library )(?:.*[: ])?(lib[\w.+-]+\.so(?:\.[\w.]+)?): cannot open shared object file|error while loading shared libraries: (\S+?): cannot open/,
    weight: 'requirement',
    class: 'missing-in-clean-image',
    cause:
      'The wheel loads {1}{2}, which is neither in it nor in an image without compilers. If the library may not be put into wheels, the consuming image must bring it.',
    missing: [{ kind: 'soname', name: '{1}{2}' }],
    refine: (_match, { phase }) =>
      phase === 'build' || phase === 'fetch'
        ? { class: 'missing-library', cause: 'A program of the build loads {1}{2}, which is not in the image.' }
        : {},
  },
  {
    match:
      /(?:OSError|ImportError): .*?(?:find_library\(\) did not manage to locate a library called|no library called|cannot load library|could not find or load) ['"]?(lib[\w.+-]*\w|[\w.+-]*\w(?=['"]))/,
    weight: 'requirement',
    class: 'missing-in-clean-image',
    cause:
      'The wheel looks for the library {1} when it is imported, and an image without compilers does not have it. The consuming image must bring it.',
    refine: ([, name = ''], { phase }) => ({
      missing: [{ kind: 'soname', name: sonameOf(name), loose: true }],
      ...(phase === 'build' || phase === 'fetch'
        ? { class: 'missing-library', cause: `A program of the build loads ${name}, which is not in the image.` }
        : {}),
    }),
  },
  {
    match: /(?:ImportError|OSError): .*version [`'"](GLIBC(?:XX)?_[\d.]+|CXXABI_[\d.]+)['"] not found/,
    weight: 'requirement',
    class: 'missing-in-clean-image',
    cause: 'The wheel needs {1}, which is newer than what the image has: it was built for a newer base.',
  },
  {
    match: /Error: .*?([\w.-]*\w) (?:and|&) ([\w.-]*\w) .*?(?:different versions? of|version mismatch)/,
    weight: 'requirement',
    class: 'test-failed',
    cause:
      '{1} and {2} work on objects of one library, of which each wheel brings its own copy. Built here one after the other they bring the same.',
    refine([, first = '', second = ''], { phase, project }) {
      const other = [first, second].find((name) => foldProjectName(name) !== project);
      if (phase !== 'test' || other === undefined) return 'ignore';
      return {
        edit: { depends: [other] },
        why: `${other} is built here first, with the same copy of the library.`,
        guess: true,
      };
    },
  },
  {
    match:
      /ImportError: (?:dynamic module does not define module export function|.*: invalid ELF header|.*wrong ELF class|\S+: file too short)/,
    weight: 'requirement',
    class: 'test-failed',
    cause: 'The extension is not one that this interpreter can load.',
  },
  {
    // A numpy of another major version says so itself before that, and what was said first counts.
    match: /ImportError: numpy\._?core\.multiarray failed to import/,
    weight: 'requirement',
    class: 'test-failed',
    cause: 'The wheel was compiled with numpy and loads it when it is imported, but does not require it.',
    edit: { test: { requires: ['numpy'] } },
    why: 'The test needs numpy, as whoever uses that part of the wheel does.',
    guess: true,
    refine: (_match, { phase }) => (phase === 'test' ? {} : 'ignore'),
  },
  {
    match:
      /A module that was compiled using NumPy 1\.x cannot be run in|numpy\.dtype size changed, may indicate binary incompatibility|numpy\.core\.multiarray failed to import/,
    weight: 'requirement',
    class: 'build-requirement',
    cause:
      'The wheel was compiled against another major version of numpy than the one it is imported with. Building against the right one helps.',
    edit: { requires: { constraints: ['numpy<2'] } },
    why: 'The project seems to be older than numpy 2.',
    guess: true,
    refine: ([line], { phase }) =>
      // What was compiled for numpy 2 loads under numpy 1; this is the other way round.
      phase !== 'test' || /Expected 96 from C header/.test(line)
        ? {}
        : {
            class: 'test-failed',
            cause:
              'The wheel was compiled against numpy 1, as its build requirements ask for, and numpy 2 refuses it. The release does not say that it needs numpy before 2: whoever installs it must.',
            edit: { test: { requires: ['numpy<2'] } },
            why: 'The newest numpy that such a wheel runs with is before 2.',
          },
  },
];

/** The name by which cffi is asked: `augeas`, `libvips.so.42`, or as Windows has it, `gobject-2.0-0`. */
function sonameOf(name: string): string {
  const library = `lib${name.replace(/^lib/, '')}`;
  return library.includes('.so') ? library : library.replace(/-(\d+)$/, '.so.$1');
}

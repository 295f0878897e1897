import type { MissingPart } from '../../failure.js';
import type { Rule } from '../rule.js';

/** By the first letters of a macro of autoconf what brings it. */
const MACROS: readonly [RegExp, MissingPart][] = [
  [/^AX_/, { kind: 'package', name: 'autoconf-archive' }],
  [/^(?:AC|IT)_PROG_INTLTOOL$/, { kind: 'tool', name: 'intltoolize' }],
  [/^GTK_DOC_/, { kind: 'tool', name: 'gtkdocize' }],
  [/^AM_(?:GNU_GETTEXT|ICONV)/, { kind: 'tool', name: 'autopoint' }],
];

function macroPart(macro: string): MissingPart | undefined {
  // The library's own, in its development package.
  const [, library] = /^AM_PATH_(\w+)$/.exec(macro) ?? [];
  if (library !== undefined) return { kind: 'cmake', name: library.toLowerCase(), loose: true };
  return MACROS.find(([form]) => form.test(macro))?.[1];
}

/** pkg-config, autotools, and setup scripts that look for a library by themselves. */
export const discoveryRules: readonly Rule[] = [
  {
    match: /Requested ['"]([\w.+-]+) >=? ?([\w.]+)['"] but version of .* is ['"]?([\w.]+)/,
    weight: 'hint',
    class: 'library-too-old',
    cause:
      'pkg-config finds {1} {3}, but this release needs version {2}. An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    match: /Package dependency requirement '([\w.+-]+) >= ?([\w.]+)' could not be satisfied/,
    weight: 'dependency',
    class: 'library-too-old',
    cause:
      'pkg-config finds {1}, but this release needs version {2} of it and the base has an older one. An older release of the project, a newer target, or the library built first from a newer source package helps.',
  },
  {
    match:
      /(?:Package ['"]?([\w.+-]+)['"]?,? .*not found in the pkg-config search path|Package ['"]([\w.+-]+)['"], required by ['"][^'"]*['"], not found|No package '([\w.+-]+)' found)/,
    weight: 'hint',
    class: 'missing-library',
    cause: 'pkg-config does not know {1}{2}{3}. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}{2}{3}' }],
  },
  {
    match: /The system library [`'"]([\w.+-]+)['"`] required by crate [`'"][\w.+-]+['"`] was not found/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'A Rust crate asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match: /Unable to find libclang\b/,
    weight: 'dependency',
    class: 'missing-library',
    cause:
      'bindgen, which makes Rust bindings from C headers, needs the library of clang. Its development package brings it.',
    missing: [{ kind: 'library', name: 'clang' }],
  },
  {
    match: /pkg-config (?:package|dependency|module) ['"]?([\w.+-]+)[^'"]*['"]?(?: was| is)? (?:not found|missing)/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The setup script asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match:
      /(?:can ?not|could ?n[o']t|unable to|failed to) find (?:the )?pkg-config (?:package|module|dependency) ['"]?([\w.+-]*\w)/i,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The setup script asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match:
      /pkg-config (?:can ?not|could ?n[o']t|did ?n[o']t|failed to|is unable to) find (?:the )?(?:packages?(?:\(s\))?|modules?(?:\(s\))?|dependency)?:? ?(?!librar|package|module)['"]?([\w.+-]*\w)/i,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The setup script asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match: /error: possibly undefined macro: (?:AC_PROG_LIBTOOL|AM_PROG_LIBTOOL|LT_\w+|AC_LIBTOOL_\w+)/,
    weight: 'tool',
    class: 'missing-tool',
    cause: 'The configure script is generated with macros of libtool, which is not in the image.',
    missing: [{ kind: 'tool', name: 'libtoolize' }],
  },
  {
    match: /(?:possibly undefined macro: |configure: line \d+: [`'"])(\w+)/,
    weight: 'tool',
    class: 'missing-tool',
    cause: 'The configure script is generated with the macro {1}, of which the package is not in the image.',
    refine([, macro = '']) {
      const part = macroPart(macro);
      return part === undefined ? 'ignore' : { missing: [part] };
    },
  },
  {
    match: /cannot find input file: [`'"]([^`'"]+)/,
    weight: 'tool',
    class: 'bad-sdist',
    cause:
      'The configure script makes a file from {1}, which the sdist does not hold. A prepare script in the recipe that makes it, or another release, helps.',
  },
  {
    match: /(?:Can not|Cannot|Could not|Couldn't|Unable to) find (?:a )?valid pkg-config name/i,
    weight: 'dependency',
    class: 'missing-library',
    cause:
      'The setup script asked pkg-config for its library under several names and found none. Its development package helps.',
    refine: (_match, { askedPkgConfig: [name, ...or] }) =>
      name === undefined ? {} : { missing: [{ kind: 'pkg-config', name, ...(or.length > 0 ? { or } : {}) }] },
  },
  {
    match:
      /pkg-config['"]?,? ['"]?--.*?[ '"]([A-Za-z][\w.+-]*)[^A-Za-z]*['")\]]* (?:returned non-?zero exit status|failed\b)/,
    weight: 'hint',
    class: 'missing-library',
    cause: 'The setup script asks pkg-config for {1}, which is not there. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
    refine: ([, name]) => (name === undefined || name === '' ? 'ignore' : {}),
  },
  {
    match: /configure: error: .*?(?:(?:Package|Library) requirements \(([\w.+-]+)[^)]*\) (?:were )?not met)/,
    weight: 'dependency',
    class: 'missing-library',
    cause:
      'The configure script asks pkg-config for {1}, which is not there or too old. Its development package brings the .pc file.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match:
      /configure: error: (?:cannot|can't|could not|couldn't|unable to) (?:find|locate) (?:the )?(?:required )?(?:library |program |header )?[`'"]?(\w[\w.+-]*?)['"]?(?: library| headers?| development files)?(?:[.,;!]|$| \()/i,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The configure script does not find {1}, which the project requires.',
    refine: ([, name = '']) => ({
      missing: [
        /\.h(?:pp)?$/.test(name)
          ? { kind: 'header', name }
          : { kind: 'library', name: name.replace(/^lib(?=\w{2})/, '') },
      ],
    }),
  },
  {
    match:
      /configure: error: (.*(?:not found|missing|is required|are required|required but|please install|you need|could not be found).*)/i,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The configure script says what it misses: {1}',
    refine([, said = '']) {
      const text = said.replace(/^\W+/, '');
      const header = /([\w./+-]+\.h(?:pp)?)\b/.exec(text)?.[1];
      if (header !== undefined) return { class: 'missing-header', missing: [{ kind: 'header', name: header }] };
      const advised = /(?:^|\s)([a-z0-9][a-z0-9+.-]*-dev)\b/.exec(text)?.[1];
      if (advised !== undefined) return { missing: [{ kind: 'package', name: advised }] };
      const name =
        /(?:^|[.,;] )(?:please install|you need(?: to install)?) (?:the )?(?:lib)?([\w+-]*\w)/i.exec(text)?.[1] ??
        /^(?:the )?(?:lib)?([\w+-]{2,})(?: (?:version )?(?:>=?|at least) ?v?[\d.]+)?(?: library| headers?| development \w+)? (?:was |were |is |are |could )?(?:not found|missing|required|not be found)/i.exec(
          text,
        )?.[1];
      return name === undefined ? {} : { missing: [{ kind: 'library', name }] };
    },
  },
  {
    match: /configure: error: (.+)/,
    weight: 'exception',
    class: 'compile-error',
    cause: 'A configure script gave up and says why: {1}',
    refine: ([, text = '']) => (/^(?:in `|\.\/configure failed|See `)/.test(text) ? 'ignore' : {}),
  },
  {
    match: /Please make sure the (\w+)(?: and (\w+))? development packages are installed/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The setup script does not find the development files of {1} {2}.',
    refine: ([, ...names]) => ({
      class: 'missing-header',
      missing: names
        .filter((name) => name !== undefined)
        .map((name) => ({ kind: 'library', name: name.replace(/^lib/, '') })),
    }),
  },
  {
    match: /headers or library files could not be found for (\w+)/,
    weight: 'dependency',
    class: 'missing-header',
    cause: 'The setup script does not find headers or library of {1}. Its development package helps.',
    missing: [{ kind: 'library', name: '{1}' }],
  },
  {
    match: /(?:^|error: |Error: |Exception: )([\w.+-]+) is not installed or not in (?:the )?path/i,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'The setup script does not find {1}, by pkg-config or as a program. Its development package helps.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
  },
  {
    match:
      /^\w*(?:Error|Exception|Exit): (?:.*\benv(?:ironment)? var(?:iable)? [`'"$]*([A-Z][A-Z0-9_]{3,})\b.*(?:must be|not set|not defined|is required)|.*\b(?:require to|please|must|need to) set (?:the )?(?:env(?:ironment)? var(?:iable)? )?[`'"$]*([A-Z][A-Z0-9]*_[A-Z0-9_]+)\b|['"]([A-Z][A-Z0-9]*_(?:DIR|ROOT|HOME|PREFIX|PATH|LIB|INCLUDE|INSTALL))['"]$)/i,
    weight: 'exception',
    class: 'unknown',
    cause:
      'The build wants the environment variable {1}{2}{3}, mostly the place of a file or library. `environment` in the recipe sets it, and `system` installs what it is the place of.',
    // What the expression takes in any case is a name only in capitals.
    refine: ([, ...names]) => (names.some((name) => name !== undefined && name === name.toUpperCase()) ? {} : 'ignore'),
  },
];

import { OLD_WORDS } from '../old-words.js';
import type { Rule } from '../rule.js';

const FROM_STDLIB_REMOVED =
  /^(?:imp|asyncore|asynchat|smtpd|distutils|cgi|cgitb|pipes|telnetlib|crypt|nntplib|lib2to3|imghdr|sndhdr|audioop|chunk|msilib|nis|ossaudiodev|spwd|sunau|uu|xdrlib|binhex|formatter|parser|symbol|macpath)$/;

/** Projects whose import name is another; a fact about each, not a guess. Everything else is known by its own name. */
const PROJECT_OF: Readonly<Record<string, string>> = {
  Cython: 'cython',
  pkg_resources: 'setuptools',
  yaml: 'pyyaml',
  jinja2: 'jinja2',
  skbuild: 'scikit-build',
  scikit_build_core: 'scikit-build-core',
  mesonpy: 'meson-python',
  setuptools_scm: 'setuptools-scm',
  setuptools_rust: 'setuptools-rust',
  hatch_vcs: 'hatch-vcs',
  flit_core: 'flit-core',
  poetry: 'poetry-core',
  cppy: 'cppy',
  google: 'protobuf',
  sipbuild: 'sip',
  gi: 'pygobject',
  attr: 'attrs',
  dateutil: 'python-dateutil',
  sklearn: 'scikit-learn',
  PIL: 'pillow',
  git: 'gitpython',
  bs4: 'beautifulsoup4',
  past: 'future',
  pdm: 'pdm-backend',
  pyqtbuild: 'pyqt-builder',
  pyximport: 'cython',
  Crypto: 'pycryptodome',
  OpenSSL: 'pyopenssl',
};

/** Packages that several projects share. */
const NAMESPACE =
  /^(?:google|poetry|pdm|ruamel|zope|backports|jaraco|sphinxcontrib|mpl_toolkits|azure|paste|flask_ext|oslo|repoze|plone|xstatic)$/;

/** What is imported and not there, where nothing more particular is known of it. */
export const moduleRules: readonly Rule[] = [
  {
    match:
      /ImportError: (?:the )?[`'"]?([\w.]+)[`'"]? (?:package |module )?(?:should|must|needs to|has to) be imported before [`'"]?([\w.]*\w)/,
    weight: 'requirement',
    class: 'test-failed',
    cause:
      'The wheel is the compiled part of {1}: {2} can only be imported after {1}, which it does not require itself.',
    refine([, first = '', second = ''], { phase }) {
      const top = first.split('.')[0] ?? first;
      if (phase === 'build' || phase === 'fetch') return 'ignore';
      return {
        edit: { test: { requires: [PROJECT_OF[top] ?? top], imports: [first, second] } },
        why: `The test imports ${first} first, from the project of that name.`,
        guess: true,
      };
    },
  },
  {
    match: /ModuleNotFoundError: No module named ['"]?([\w.]+)['"]?|ImportError: No module named ['"]?([\w.]+)['"]?/,
    weight: 'requirement',
    class: 'build-requirement',
    cause: 'The build imports {1}{2}, which is not among its declared build requirements.',
    refine([, a, b], { phase, project }) {
      const name = a ?? b ?? '';
      const top = name.split('.')[0] ?? name;
      if (FROM_STDLIB_REMOVED.test(top)) {
        return {
          class: 'python-too-new',
          cause: `Newer Pythons no longer have the standard module ${top}, which the code imports. A newer release of the project, or an older Python, helps.`,
          ...(top === 'imp' && phase === 'build'
            ? {
                edit: OLD_WORDS.imp.edit,
                why: OLD_WORDS.imp.why,
                guess: true,
              }
            : {}),
        };
      }
      if (phase === 'test') {
        return {
          class: 'test-failed',
          cause: `The wheel imports ${name}, which neither it nor anything that it requires brings. A requirement of the test, or of the project, is not declared.`,
          edit: { test: { requires: [PROJECT_OF[top] ?? parentProject(top, project) ?? namespaced(name)] } },
          why: `A project of that name usually brings ${name}.`,
          guess: true,
        };
      }
      if (name !== top && !NAMESPACE.test(top)) {
        // Python names the part that it did not find: what stands before it was there.
        return {
          cause: `The build imports ${name}, which the ${top} that it finds does not have: it was written for another version of ${PROJECT_OF[top] ?? top}.`,
        };
      }
      return {
        edit: { requires: { additions: [PROJECT_OF[top] ?? top] } },
        why: `The project ${PROJECT_OF[top] ?? top} brings the module ${top}.`,
        ...(PROJECT_OF[top] === undefined &&
        !/^(?:numpy|wheel|setuptools|pybind11|cffi|packaging|toml|tomli|six|cython|hatchling|pbr|nanobind|maturin|pythran|ninja|cmake)$/.test(
          top,
        )
          ? { guess: true as const }
          : {}),
      };
    },
  },
];

/** `ham-egg` of `ham-egg-clib`, whose module asks for `ham`: a compiled part is named after what it is a part of. */
function parentProject(top: string, project = ''): string | undefined {
  return project.startsWith(`${top.toLowerCase().replaceAll('_', '-')}-`)
    ? project.slice(0, project.lastIndexOf('-'))
    : undefined;
}

/** The project of a module: in a package that several share, each has its own part of it. */
function namespaced(name: string): string {
  const [top = name, part] = name.split('.');
  return part !== undefined && NAMESPACE.test(top) ? `${top}.${part}` : top;
}

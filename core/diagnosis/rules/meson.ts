import type { Rule } from '../rule.js';
import { missingTool } from './tools.js';

/** What meson says when it gives up. */
export const mesonRules: readonly Rule[] = [
  {
    match: /ERROR: Git program not found, cannot download (?:.*\/)?([\w.+-]+?)\.wrap via git/,
    weight: 'dependency',
    class: 'network-needed',
    cause:
      'meson would download the subproject {1}, and builds have no network. The system library in its place, or a source given in the recipe, helps.',
    missing: [{ kind: 'cmake', name: '{1}', loose: true }],
  },
  {
    match: /ERROR: Meson version is ([\w.]+) but project requires (>=? ?[\d.]+)/,
    weight: 'dependency',
    class: 'build-requirement',
    cause: 'The project needs meson {2}, and the build environment has {1}.',
    edit: { requires: { additions: ['meson{2}'] } },
    why: 'meson is a Python package of the build environment.',
  },
  {
    match:
      /(?:meson\.build:\d+:\d+: )?ERROR: Dependency (?:lookup for )?["']?([\w.+-]+)["']? (?:with method '\S+' failed: (?!Invalid version)|(?:is required but )?not found)(?!.*Invalid version)/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'meson does not find the dependency {1}. Its development package brings the .pc file that meson asks for.',
    missing: [{ kind: 'pkg-config', name: '{1}' }],
    refine([, name = '']) {
      if (/^(?:openmp|threads)$/.test(name)) return { missing: [] };
      if (/^(?:python|python3|python-3\.\d+)$/.test(name)) {
        return {
          class: 'infrastructure',
          cause: "meson does not find the interpreter's own headers or libraries: that is the image's fault.",
          missing: [],
        };
      }
      if (/^(?:numpy|pybind11|nanobind)$/.test(name)) {
        return {
          class: 'build-requirement',
          cause: `meson looks for ${name} as a Python package of the build environment and does not find it there, or finds one that is too old.`,
          missing: [],
          edit: { requires: { additions: [name] } },
          why: `${name} brings its own configuration for meson.`,
        };
      }
      return {};
    },
  },
  {
    match:
      /(?:Dependency|dependency|lookup for) ["']?([\w.+-]+)["']?.*Invalid version,? need .*?\[?['"]?([<>=!~ ]*[\d.]+).*found ['"]?([\w.]+)/,
    weight: 'dependency',
    class: 'library-too-old',
    cause:
      'The base has {1} {3}, and this release needs {2}. No package of the same suite helps: an older release of the project, a newer target, or the library built first from a newer source package does.',
    refine: ([line]) => (/ERROR/.test(line) ? {} : 'ignore'),
  },
  {
    match:
      /ERROR: Program ['"]?([\w.+-]+)['"]?(?: .*)? not found or not executable|ERROR: Program ['"]([\w.+-]+)['"] not found/,
    weight: 'tool',
    class: 'missing-tool',
    cause: 'meson needs the program {1}{2}, which is not in the image.',
    refine: ([, a, b]) => missingTool(a ?? b ?? ''),
  },
  {
    match: /ERROR: (?:C|C\+\+|\S+) (?:shared or static )?library ['"]([\w.+-]+)['"] not found/,
    weight: 'dependency',
    class: 'missing-library',
    cause: 'meson does not find the library {1}. Its development package helps.',
    missing: [{ kind: 'library', name: '{1}' }],
  },
  {
    match: /ERROR: (?:\w+ header|Header) ['"]([\w./+-]+)['"] (?:not found|does not exist)/,
    weight: 'header',
    class: 'missing-header',
    cause: 'meson does not find the header {1}. The development package that holds it helps.',
    missing: [{ kind: 'header', name: '{1}' }],
  },
];

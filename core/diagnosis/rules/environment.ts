import { libraryOf } from '../../downloaded-library.js';
import type { Rule } from '../rule.js';

const OFFLINE_CAUSE =
  'The build tries to download something, and builds have no network. The system library and a switch that selects it, or a source given in the recipe, helps.';

/** What the machine around the build did to it: memory, disk, network, permissions. */
export const environmentRules: readonly Rule[] = [
  {
    match:
      /Killed signal terminated program|fatal error: Killed|virtual memory exhausted|Cannot allocate memory|std::bad_alloc|(?<!raise )\bMemoryError$|out of memory|signal: 9, SIGKILL|signal 9 \(Killed\)|internal compiler error: Killed|\(core dumped\).*memory/i,
    weight: 'resources',
    class: 'out-of-memory',
    cause: 'The build took more memory than it may have. More memory, or fewer jobs at a time, helps.',
    edit: { resources: { cpus: 1, memory: '8g' } },
    why: 'One compiler at a time needs the least memory.',
    guess: true,
    refine: ([line]) => (/checking|test|warning/i.test(line) ? 'ignore' : {}),
  },
  {
    match: /No space left on device|Disk quota exceeded|\[Errno 28\]|\[Errno 122\]/,
    weight: 'resources',
    class: 'disk-full',
    cause: 'The disk of the build, or of the machine, is full.',
  },
  {
    match:
      /(?:could not (?:get|fetch|download|resolve)|failed (?:to )?(?:download|fetch|get|clone)|unable to (?:access|download|fetch)|error downloading|Download(?:ing)? (?:from|of) .*failed|Cloning into|fatal: unable to access|downloading).{0,80}?((?:https?|git|ftp):\/\/[^\s'"<>]*[^\s'"<>.,:;)\]])/i,
    weight: 'download',
    class: 'network-needed',
    cause: `The build wants {1}, and builds have no network. The system library and a switch that selects it, or a source given in the recipe, helps.`,
    refine([line, url = ''], { phase }) {
      if (phase === 'fetch' || /^(?:Downloading|-- Downloading)/i.test(line.trim())) return 'ignore';
      const name = libraryOf(url);
      if (name === 'pybind11' || name === 'nanobind') {
        return {
          edit: { requires: { additions: [name] } },
          why: `${name} is a Python package as well; a distribution's may be older than this Python.`,
          guess: true,
        };
      }
      return name === undefined ? {} : { missing: [{ kind: 'cmake', name, loose: true }] };
    },
  },
  {
    match:
      /Temporary failure in name resolution|Name or service not known|Could not resolve host|Network is unreachable|nodename nor servname|Failed to establish a new connection|getaddrinfo failed|dns error|No address associated with hostname|Unknown host|Connection refused|CERTIFICATE_VERIFY_FAILED|SSL certificate problem|unable to access ['"]https?:|Connection timed out|Could not connect to server|is the internet available\?|urlopen error|Failed to download|failed to download|couldn't connect|Max retries exceeded|spurious network error|UnresolvedAddressException|java\.net\.(?:UnknownHost|Connect|NoRouteToHost|SocketTimeout)Exception|dial tcp/,
    weight: 'network',
    class: 'network-needed',
    cause: OFFLINE_CAUSE,
    refine([line], { phase }) {
      if (/^\s*(?:WARNING: Retrying|warning: spurious)/.test(line)) return 'ignore';
      return phase === 'fetch'
        ? {
            class: 'infrastructure',
            cause:
              'The index or mirror could not be reached. Look at the network of the machine and at its settings, then try again.',
          }
        : {};
    },
  },
  {
    match:
      /(?:attempting to make an HTTP request, but --offline was specified|can't checkout from .* you are in the offline mode|failed to (?:get|download) [`'"]?[\w.-]+[`'"]? as a dependency|no matching package named .* found.*offline)/,
    weight: 'network',
    class: 'network-needed',
    cause:
      'cargo needs a crate that was not fetched before the build. The sdist has no lock file, or its lock file does not name it.',
  },
  {
    match: /ERROR: Package '([\w.+-]+)\/[^']*' not resolved/,
    weight: 'dependency',
    class: 'network-needed',
    cause:
      'The build has Conan fetch {1}, and builds have no network. Conan looks at nothing that is installed: a release that was made without it, or a switch of the project that leaves it out, helps.',
  },
  {
    match: /\bgo: (?:(\S+): )?module lookup disabled by GOPROXY=off/,
    weight: 'download',
    class: 'network-needed',
    cause: 'Go needs {1}, which was not fetched before the build.',
    refine: ([, name]) => ({
      cause: `Go needs ${name ?? 'a module'}, which was not fetched before the build: no go.mod of the sdist names it. A source in the recipe that brings it, or a switch of the project that leaves the Go code out, helps.`,
    }),
  },
  {
    match: /Cannot access \S+ \(\S+\) in offline mode and the artifact (\S+?) has not been downloaded from it before/,
    weight: 'download',
    class: 'network-needed',
    cause:
      'Maven needs {1}, which was not fetched before the build: the pom.xml of the sdist does not name it. A source in the recipe that brings it, or a switch of the project that leaves the Java code out, helps.',
  },
  {
    match:
      /(?:PermissionError: \[Errno 13\]|Permission denied)(?:: ['"]?(\/(?:usr|opt|etc|root|home|var|lib)\S*?)['"]?)?$/,
    weight: 'exception',
    class: 'compile-error',
    cause:
      'The build tries to write or run something it may not: {1} is outside its own folder, or mounted so that nothing runs from it. A setting of the project that puts it elsewhere helps.',
  },
  {
    match: /\[Errno 30\] Read-only file system: ['"]?(\S+?)['"]?$|cannot (?:create|touch|open) .*Read-only file system/,
    weight: 'requirement',
    class: 'compile-error',
    cause:
      'The build writes outside its own folder ({1}), where everything is read-only. A setting of the project that puts it elsewhere helps.',
  },
  {
    match: /fatal: not a git repository|git: command not found.*clone/,
    weight: 'hint',
    class: 'bad-sdist',
    cause:
      'The build asks git about its own sources, and an sdist is no git repository. An environment variable or a patch that gives the answer helps.',
  },
  {
    match: /fatal error: error writing to|Segmentation fault|internal compiler error: (?!Killed)/,
    weight: 'compile',
    class: 'compile-error',
    cause:
      'A compiler or program of the build crashed. Another compiler (a newer target) or fewer optimisations often help.',
  },
];

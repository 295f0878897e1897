// Which of the files of a distribution is the one that a build asked for, and which of the packages that hold it is meant.

import type { MissingPart } from './failure.js';
import { literal } from './literal.js';
import type { PackageMatch } from './package-index.js';

/** One file of the distribution and the packages that hold it. */
export interface OwnedFile {
  path: string;
  packages: readonly string[];
}

const TRIPLET = '[a-z0-9_]+-linux-gnu';

/** How well a path is what was asked for: 0 is best; undefined when it is something else. */
export type PathRank = (path: string) => number | undefined;

export interface PathTest {
  /** Occurs in every path that can match. */
  needle: string;
  /** The needle is to be found whatever its case. */
  anyCase?: true;
  rank: PathRank;
}

/** Modules of CMake, its own and common ones, that are named otherwise than what they look for; in lower case. */
const CMAKE_NAMES: Readonly<Record<string, string>> = {
  bzip2: 'bz2',
  curses: 'ncurses',
  // The one whose development package needs those of all the others.
  ffmpeg: 'avdevice',
  gssapi: 'krb5-gssapi',
  liblzma: 'lzma',
  mpi: 'ompi',
  mysql: 'mysqlclient',
  opengl: 'gl',
  postgresql: 'pq',
  zeromq: 'zmq',
};

/** How to tell the paths that a missing part can have. */
export function pathTestOf({ kind, name }: MissingPart): PathTest {
  switch (kind) {
    case 'header':
      return {
        needle: `/${name}`,
        rank: byPatterns([
          `usr/include/(?:${TRIPLET}/)?${literal(name)}`,
          `usr/include/(?:${TRIPLET}/)?[^/]+/${literal(name)}`,
          // Boost has headers about all the world.
          `usr/(?:include|lib)/(?!boost/).*/${literal(name)}`,
        ]),
      };
    case 'library':
      return {
        needle: `/lib${name}.`,
        rank: byPatterns([
          `usr/lib/(?:${TRIPLET}/)?lib${literal(name)}\\.so`,
          `usr/lib/(?:${TRIPLET}/)?lib${literal(name)}\\.a`,
          `usr/lib/.*/lib${literal(name)}\\.so`,
        ]),
      };
    case 'soname': {
      const folder = `(?:usr/)?lib/(?:${TRIPLET}/)?`;
      // `libzbar` of a sentence: the library as programs load it, whatever its version.
      return {
        needle: `/${name}`,
        rank: byPatterns(
          name.includes('.so')
            ? // Who looks for `libfoo.so` by find_library is content with libfoo.so.1, which no development package brings.
              [...(name.endsWith('.so') ? [`${folder}${literal(name)}\\.\\d+`] : []), `${folder}${literal(name)}`]
            : [`${folder}${literal(name)}\\.so\\.\\d+`, `${folder}${literal(name)}-?\\d[.\\d]*\\.so\\.\\d+`],
        ),
      };
    }
    case 'pkg-config':
      return {
        needle: `/${name}`,
        rank: byPatterns([
          `usr/(?:lib|share)/(?:${TRIPLET}/)?pkgconfig/${literal(name)}\\.pc`,
          // Debian's alternatives: openblas-pthread/pkgconfig/openblas.pc, hdf5-serial.pc, lua-5.3.pc.
          `usr/lib/.*/pkgconfig/${literal(name)}\\.pc`,
          `usr/lib/.*/pkgconfig/${literal(name)}[-\\d][a-z\\d.]*\\.pc`,
        ]),
      };
    case 'tool':
      return {
        needle: `bin/${name}`,
        rank: byPatterns([`(?:usr/)?s?bin/${literal(name)}`, `(?:usr/)?s?bin/${literal(name)}[.-][a-z\\d.]+`]),
      };
    case 'cmake': {
      const bare = (CMAKE_NAMES[name.toLowerCase()] ?? name).replace(/^lib/i, '');
      const word = literal(bare);
      return {
        needle: /^[a-z]*/i.exec(bare)?.[0] ?? '',
        anyCase: true,
        rank: byPatterns(
          [
            `usr/(?:lib|share/(?!doc/)).*/(?:lib)?${word}(?:-config|config)\\.cmake`,
            // With the version of its interface where several can be installed: libusb-1.0.pc, gtk+-3.0.pc.
            `usr/(?:lib|share)/(?:${TRIPLET}/)?pkgconfig/(?:lib)?${word}\\+*(?:-\\d[\\d.]*)?\\.pc`,
            `usr/lib/.*/pkgconfig/(?:lib)?${word}[-\\d][-.a-z\\d]*\\.pc`,
            `usr/lib/(?:.*/)?lib${word}\\.so`,
            `usr/lib/(?:.*/)?lib${word}\\d*\\.so`,
            // Libraries of headers only.
            `usr/include/(?:${TRIPLET}/)?(?:lib)?${word}/[^/]+\\.h(?:h|pp|xx)?`,
            `usr/bin/${word}`,
          ],
          'i',
        ),
      };
    }
    case 'package':
      return { needle: `/${name}`, rank: () => undefined };
    default:
      return kind satisfies never;
  }
}

/**
 * The packages to try for a part, best first: by how well the path fits, then by kind of package, then by how many others depend on it.
 * @param dependents number of packages that depend on a package; the usual one of several has most
 */
export function rankOwners(
  part: MissingPart,
  files: readonly OwnedFile[],
  dependents: (name: string) => number,
): PackageMatch[] {
  const { rank } = pathTestOf(part);
  const all = files.flatMap(({ path, packages }) => {
    const pathRank = rank(path);
    return pathRank === undefined
      ? []
      : packages
          .filter((name) => !isForeign(name) && !isPlugin(part, { name, path, pathRank }))
          .map((name) => ({ package: name, path, pathRank, kind: kindRank(part, name), dependents: dependents(name) }));
  });
  all.sort(
    (a, b) =>
      depthOf(part, a.pathRank) - depthOf(part, b.pathRank) ||
      a.kind - b.kind ||
      b.dependents - a.dependents ||
      a.package.length - b.package.length ||
      (a.package < b.package ? -1 : 1),
  );
  const unique = all.filter((match, index) => all.findIndex((other) => other.package === match.package) === index);
  return unique.map((match, index) => ({
    package: match.package,
    path: match.path,
    certain:
      index === 0 &&
      // The package of a program's name has it, if only as an alternative with its version: automake-1.16.
      (isCertain(part, match.pathRank) || (part.kind === 'tool' && match.package === part.name)) &&
      unique.every((other) => other === match || isWorse(other, match)) &&
      // Flavours of one library that exclude each other: which is meant, their use does not say.
      !unique.some((other) => other !== match && other.path === match.path && other.kind === match.kind),
  }));
}

/** How deep a header lies below /usr/include says little; how much it is used says more. */
function depthOf({ kind }: MissingPart, pathRank: number): number {
  return kind === 'header' ? Math.min(pathRank, 1) : pathRank;
}

interface Ranked {
  pathRank: number;
  kind: number;
  dependents: number;
}

function isWorse(other: Ranked, best: Ranked): boolean {
  return other.pathRank > best.pathRank || other.kind > best.kind || other.dependents * 2 < best.dependents;
}

/** Deeper than one folder below /usr/include, or known only by a likeness of names, another file may have been meant. */
function isCertain({ kind, name }: MissingPart, pathRank: number): boolean {
  if (kind === 'soname' && name.endsWith('.so')) return false;
  return kind === 'header' || kind === 'cmake' ? pathRank <= 1 : pathRank === 0;
}

/** Packages for other machines or another Python, or for debugging; a build on this one never means them. */
function isForeign(name: string): boolean {
  return /-cross$|mingw|^libpython[\d.]+-(?:dev|dbg)$|^libboost(?:-mpi)?-(?:python|numpy)|^pypy|-dbg(?:sym)?$|^lib(?:32|x32|64|n32|o32|hf|sf)[a-z]|-(?:udeb|doc)$|^golang-|android|emscripten|avr|^musl|^dietlibc|^klibc|-source$|^cmdtest$|^node-|^ruby|^r-cran-|^librust-|^libghc-/.test(
    name,
  );
}

function isDevelopment(name: string): boolean {
  return /-dev$|-dev-|^libdevel/.test(name);
}

/** A shared object in a program's own folder, which it loads by itself: libdbus.so of a window manager. */
function isPlugin({ kind }: MissingPart, found: { name: string; path: string; pathRank: number }): boolean {
  const linked = kind === 'library' || kind === 'cmake';
  return linked && found.pathRank > 0 && found.path.endsWith('.so') && !isDevelopment(found.name);
}

function kindRank({ kind, name: asked }: MissingPart, name: string): number {
  // A program of the name of its library, such as systemd, brings no headers.
  if (name === asked && kind !== 'cmake') return -1;
  const development = isDevelopment(name);
  if (kind === 'soname') return development ? 1 : 0;
  // Of the flavours of a library, the one that shares its TLS library with the interpreter.
  const flavour = /-(?:gnutls|nss|mbedtls|wolfssl)(?:\d*-dev)?/.test(name) ? 1 : 0;
  if (kind === 'tool') return flavour + (development || !/-common$/.test(name) ? 0 : 2);
  return (development ? 0 : 2) + flavour;
}

function byPatterns(patterns: readonly string[], flags = ''): PathRank {
  const compiled = patterns.map((pattern) => new RegExp(`^(?:${pattern})$`, flags));
  return (path) => {
    const rank = compiled.findIndex((pattern) => pattern.test(path));
    return rank < 0 ? undefined : rank;
  };
}

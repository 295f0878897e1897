// What a wheel makes importable, told from its paths alone.

export interface WheelModules {
  /** Dotted names: top-level modules and packages, and inside a namespace the first real packages. */
  modules: string[];
  /** Dotted names of extension modules at any depth. */
  extensionModules: string[];
}

const IDENTIFIER = /^[\p{L}_][\p{L}\p{N}_]*$/u;
/** `_speedups.cpython-313-x86_64-linux-gnu.so`, `_rust.abi3.so`, `plain.so`. */
const EXTENSION_MODULE = /^([^.]+)(\.(cpython-[^.]+|abi3t?))?\.so$/;
/** Put at the top level by mistake more often than not, and they import what only the project's developers have. */
const BYSTANDERS = new Set([
  'test',
  'tests',
  'testing',
  'doc',
  'docs',
  'example',
  'examples',
  'benchmark',
  'benchmarks',
  'setup',
  'conftest',
]);

/** @param paths of the files in the wheel. */
export function wheelModules(paths: readonly string[]): WheelModules {
  const installed = paths.flatMap((path) => installedPath(path) ?? []);
  const packages = new Set(
    installed
      .filter((path) => /(^|\/)__init__\.(py|[^/]*so)$/.test(path))
      .map((path) => path.slice(0, path.lastIndexOf('/'))),
  );
  const modules = new Set<string>();
  const extensionModules = new Set<string>();
  for (const path of installed) {
    const segments = path.split('/');
    const file = segments.pop() as string;
    if (!segments.every((segment) => IDENTIFIER.test(segment)) || BYSTANDERS.has(segments[0] ?? '')) continue;
    const depth = segments.findIndex((_, n) => packages.has(segments.slice(0, n + 1).join('/')));
    if (depth !== -1) modules.add(segments.slice(0, depth + 1).join('.'));

    const source = /^([^.]+)\.py$/.exec(file)?.[1];
    if (segments.length === 0 && source !== undefined && isModule(source)) modules.add(source);
    const native = EXTENSION_MODULE.exec(file)?.[1];
    // Without a package around it a library may lie anywhere, e.g. as data for ctypes: only a tagged name says that it is a module.
    const tagged = /\.(cpython-|abi3)/.test(file);
    if (native !== undefined && isModule(native) && (tagged || depth !== -1 || segments.length === 0)) {
      const name = [...segments, native].join('.');
      if (tagged) extensionModules.add(name);
      if (segments.length === 0) modules.add(name);
    }
  }
  return { modules: [...modules].sort(), extensionModules: [...extensionModules].sort() };
}

/** Where the file ends up in site-packages; undefined for what goes elsewhere. */
function installedPath(path: string): string | undefined {
  const [, scheme, rest] = /^[^/]+\.data\/([^/]+)\/(.+)$/.exec(path) ?? [];
  if (scheme !== undefined) return scheme === 'purelib' || scheme === 'platlib' ? rest : undefined;
  return /^[^/]+\.dist-info\//.test(path) ? undefined : path;
}

function isModule(name: string): boolean {
  return IDENTIFIER.test(name) && !/^__.*__$/.test(name) && !BYSTANDERS.has(name);
}

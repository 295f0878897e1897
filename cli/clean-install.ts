import { Readable } from 'node:stream';
import { pack } from 'tar-stream';
import { z } from 'zod';
import type { Engine } from '../core/engine.js';
import { WheelwrightError } from '../core/errors.js';

/** What was seen in the clean image. */
const resultSchema = z.object({
  /** Of the installed project, as its metadata says. */
  version: z.string(),
  /** Where the module was imported from. */
  file: z.string(),
  /** What the module says of itself: its version, and that of the library behind it where it names one. */
  says: z.record(z.string(), z.string()),
  uid: z.int(),
  glibc: z.string(),
  /** Compilers found on PATH. */
  compilers: z.array(z.string()),
});
export type CleanInstall = z.infer<typeof resultSchema>;

export interface CleanInstallOptions {
  engine: Engine;
  /** The clean twin of a builder image. */
  image: string;
  indexUrl: string;
  project: string;
  module: string;
  onLine: (line: string) => void;
  signal: AbortSignal;
}

const LIMITS = {
  cpus: 1,
  memoryBytes: 2 ** 30,
  processes: 256,
  timeoutMs: 5 * 60_000,
  diskBytes: 2 ** 30,
};
const HOME = '/test/home';
const MARK = 'wheelwright-result ';

// Plain pip, as anyone would call it: nothing but the index is said. It goes to the user's own folder, since the user may not write elsewhere.
const SCRIPT = `
set -eu
python3 -m pip install --index-url "$INDEX_URL" "$PROJECT"
python3 - <<'END'
import importlib, importlib.metadata, json, os, platform, shutil
module = importlib.import_module(os.environ["MODULE"])
print("${MARK}" + json.dumps({
    "version": importlib.metadata.version(os.environ["PROJECT"]),
    "file": module.__file__,
    "says": {name: str(value) for name, value in vars(module).items() if name.startswith("__") and name.endswith("version__")},
    "uid": os.getuid(),
    "glibc": platform.libc_ver()[1],
    "compilers": [name for name in ("cc", "gcc", "g++", "clang", "make") if shutil.which(name)],
}))
END
`;

/**
 * Installs a project by plain pip from the index, as an unprivileged user in an image without compilers, and imports it.
 * @throws WheelwrightError `internal` with pip's last lines when it does not work
 */
export async function installInCleanImage(options: CleanInstallOptions): Promise<CleanInstall> {
  const { engine, image, indexUrl, project, module, signal } = options;
  const workspace = await engine.createWorkspace(`install-${process.pid}`, image, signal);
  const lines: string[] = [];
  let rest = '';
  try {
    // An empty archive makes the folder, owned by the user that pip runs as.
    const empty = () => {
      const archive = pack();
      archive.finalize();
      return Readable.from(archive, { objectMode: false });
    };
    await engine.putTars(workspace, [{ folder: HOME, open: empty }], signal);
    const exit = await engine.run(
      {
        image,
        command: ['sh', '-c', SCRIPT],
        environment: {
          INDEX_URL: indexUrl,
          PROJECT: project,
          MODULE: module,
          HOME,
          PIP_DISABLE_PIP_VERSION_CHECK: '1',
        },
        network: 'outside',
        workspace,
        mounts: { test: 'read-write' },
        workingDirectory: HOME,
        limits: LIMITS,
      },
      async (chunk) => {
        const [last = '', ...others] = `${rest}${chunk.toString()}`.split('\n').reverse();
        rest = last;
        for (const line of others.reverse()) {
          lines.push(line);
          options.onLine(line);
        }
        return 'continue';
      },
      signal,
    );
    const result = lines.find((line) => line.startsWith(MARK));
    if (exit.kind === 'exited' && exit.code === 0 && result !== undefined) {
      return resultSchema.parse(JSON.parse(result.slice(MARK.length)));
    }
    throw new WheelwrightError('internal', `pip install ${project} did not work in the clean image (${exit.kind})`, {
      hint: `Its last lines:\n  ${[...lines, rest].slice(-12).join('\n  ')}`,
    });
  } finally {
    await engine.removeWorkspace(workspace);
  }
}

// Real clients against a real index on 127.0.0.1. The first run installs them into .cache/python-clients.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { type LyingUpstream, startLyingUpstream } from '../support/lying-upstream.js';
import { pythonClient, runClient } from '../support/python-client.js';
import { makeWheel } from '../support/wheel.js';

const MINUTES = 60_000;
const lib1 = makeWheel('house_lib-1.0-py3-none-any.whl', 'version = "1.0"\n', ['Requires-Python: >=3.8']);
const libBuild = makeWheel('house_lib-1.0-1-py3-none-any.whl', 'version = "1.0-1"\n', ['Requires-Python: >=3.8']);
const lib2 = makeWheel('house_lib-2.0-py3-none-any.whl', 'version = "2.0"\n');
const lib3 = makeWheel('house_lib-3.0-py3-none-any.whl', 'version = "3.0"\n', ['Requires-Python: >=99']);
const app = makeWheel('house_app-1.0-py3-none-any.whl', 'x = 1\n', [
  'Requires-Dist: house-lib>=1',
  'Requires-Dist: from-upstream; python_version >= "3"',
]);
const upstreamWheel = makeWheel('from_upstream-1.0-py3-none-any.whl', 'x = 1\n');
const upstreamNewer = makeWheel('from_upstream-1.5-py3-none-any.whl', 'x = 15\n');

let site: IndexSite;
let upstream: LyingUpstream;
let index: string;
let folder: string;

beforeAll(async () => {
  site = openIndexSite();
  upstream = await startLyingUpstream();
  upstream.offer('from-upstream', upstreamWheel, { 'upload-time': '2024-01-01T00:00:00Z' });
  upstream.offer('from-upstream', upstreamNewer, { 'upload-time': '2026-01-01T00:00:00Z' });
  upstream.offer('from-upstream', { filename: 'from_upstream-2.0.tar.gz', bytes: Buffer.from('not even an archive') });
  upstream.offer('only-sdist', { filename: 'only_sdist-1.0.tar.gz', bytes: Buffer.from('not even an archive') });
  const old = Date.UTC(2024, 0, 1);
  await site.publish(lib1, { requiresPython: '>=3.8', uploadTime: old });
  await site.publish(libBuild, { requiresPython: '>=3.8', uploadTime: old });
  await site.publish(lib2, { yanked: 'it eats files' });
  await site.publish(lib3, { requiresPython: '>=99' });
  await site.publish(app, { provenance: '{"version":1,"attestation_bundles":[]}', uploadTime: old });
  const server = await site.start({ upstreamUrl: upstream.url });
  index = `${server.url}/simple/`;
  folder = mkdtempSync(join(tmpdir(), 'wheelwright-clients-'));
});
afterAll(async () => {
  await site.close();
  await upstream.close();
  rmSync(folder, { recursive: true, force: true });
});

const empty = () => mkdtempSync(join(folder, 'run-'));

describe.each([
  ['the newest pip', 'pip-newest', 'pip'],
  ['a pip of 2022', 'pip-2022', 'pip==22.3.1'],
])('%s', (_, name, requirement) => {
  let bin: string;
  beforeAll(async () => {
    bin = await pythonClient(name, '-U', requirement);
  }, 5 * MINUTES);
  const pip = (...args: string[]) => {
    const cwd = empty();
    return runClient(
      join(bin, 'python'),
      ['-m', 'pip', ...args, '--index-url', index, '--disable-pip-version-check'],
      cwd,
    ).then((run) => ({ ...run, cwd }));
  };

  test(
    'installs from here and from the upstream by one --index-url: the highest build, nothing yanked, nothing for another Python',
    async () => {
      const { code, stderr, cwd } = await pip('install', '-q', '--target', 'out', 'house-app');
      expect([code, stderr]).toEqual([0, '']);
      expect(readFileSync(join(cwd, 'out/house_lib.py'), 'utf8')).toBe('version = "1.0-1"\n');
      expect(readFileSync(join(cwd, 'out/from_upstream.py'), 'utf8')).toBe('x = 15\n');
    },
    MINUTES,
  );

  test(
    'downloads, and installs in hash-checking mode; another hash is refused',
    async () => {
      const downloaded = await pip('download', '-q', '-d', 'out', 'house_App');
      expect(readdirSync(join(downloaded.cwd, 'out')).sort()).toEqual(
        [upstreamNewer.filename, app.filename, libBuild.filename].sort(),
      );
      const line = (sha256: string) => `house-lib==1.0 --hash=sha256:${sha256}\n`;
      const requirements = join(folder, `requirements-${name}.txt`);
      writeFileSync(requirements, line(libBuild.sha256));
      expect((await pip('install', '-q', '--target', 'out', '--require-hashes', '-r', requirements)).code).toBe(0);
      writeFileSync(requirements, line('0'.repeat(64)));
      expect((await pip('install', '-q', '--target', 'out', '--require-hashes', '-r', requirements)).code).toBe(1);
    },
    MINUTES,
  );

  test(
    'tells why a version is yanked, and fails fast where it would have to compile',
    async () => {
      const yanked = await pip('install', '--target', 'out', 'house-lib==2.0');
      expect([yanked.code, yanked.stderr]).toEqual([0, expect.stringContaining('it eats files')]);
      const sdist = await pip('install', '--target', 'out', 'only-sdist');
      expect([sdist.code, sdist.stderr]).toEqual([
        1,
        expect.stringContaining('No matching distribution found for only-sdist'),
      ]);
      const unknown = await pip('install', '--target', 'out', 'never-heard-of');
      expect([unknown.code, unknown.stderr]).toEqual([
        1,
        expect.stringContaining('No matching distribution found for never-heard-of'),
      ]);
    },
    MINUTES,
  );
});

describe('the newest pip alone', () => {
  let bin: string;
  beforeAll(async () => {
    bin = await pythonClient('pip-newest', '-U', 'pip');
  }, 5 * MINUTES);
  const pip = (cwd: string, ...args: string[]) =>
    runClient(join(bin, 'python'), ['-m', 'pip', ...args, '--index-url', index], cwd, {
      PIP_DISABLE_PIP_VERSION_CHECK: '1',
    });

  test(
    'sees the world as it was on a day',
    async () => {
      const cwd = empty();
      const before = ['--uploaded-prior-to', '2025-01-01T00:00:00Z'];
      expect((await pip(cwd, 'install', '-q', '--target', 'out', 'house-app', ...before)).stderr).toBe('');
      expect(readdirSync(join(cwd, 'out'))).toContain('from_upstream-1.0.dist-info');
    },
    MINUTES,
  );

  test(
    'locks to URLs that stay, with their hashes',
    async () => {
      const cwd = empty();
      const { code, stderr } = await pip(cwd, 'lock', '-q', 'house-app', '-o', 'pylock.toml');
      expect([code, stderr]).toEqual([0, expect.not.stringContaining('ERROR')]);
      const lock = readFileSync(join(cwd, 'pylock.toml'), 'utf8');
      for (const { filename, sha256 } of [app, libBuild, upstreamNewer]) {
        expect(lock).toMatch(
          new RegExp(`/${sha256}/${filename}"\\s+\\[packages.wheels.hashes\\]\\s+sha256 = "${sha256}"`),
        );
      }
    },
    MINUTES,
  );

  test(
    'reads metadata by ranges where it is told to',
    async () => {
      const cwd = empty();
      const lazily = ['--use-feature=fast-deps', '--only-binary', ':all:'];
      expect((await pip(cwd, 'install', '-q', '--target', 'out', 'house-app', ...lazily)).code).toBe(0);
      expect(readdirSync(join(cwd, 'out'))).toContain('from_upstream-1.5.dist-info');
    },
    MINUTES,
  );
});

describe('uv', () => {
  let uv: string;
  beforeAll(async () => {
    uv = join(await pythonClient('uv', 'uv'), 'uv');
  }, 5 * MINUTES);
  const pip = (...args: string[]) => {
    const cwd = empty();
    return runClient(uv, ['pip', ...args, '--default-index', index, '--python', 'python3'], cwd).then((run) => ({
      ...run,
      cwd,
    }));
  };

  test(
    'installs, hash-checked from its own compilation',
    async () => {
      const cwd = empty();
      writeFileSync(join(cwd, 'in.txt'), 'house-app\n');
      const compiled = await pip(
        'compile',
        '--generate-hashes',
        '--no-header',
        '--no-annotate',
        join(cwd, 'in.txt'),
        '-o',
        join(cwd, 'out.txt'),
      );
      expect(compiled.code, compiled.stderr).toBe(0);
      const lock = readFileSync(join(cwd, 'out.txt'), 'utf8');
      for (const { sha256 } of [app, lib1, libBuild, upstreamNewer]) expect(lock).toContain(sha256);
      const installed = await pip('install', '--target', 'out', '--require-hashes', '-r', join(cwd, 'out.txt'));
      expect(installed.code, installed.stderr).toBe(0);
      expect(readFileSync(join(installed.cwd, 'out/from_upstream.py'), 'utf8')).toBe('x = 15\n');
    },
    MINUTES,
  );

  test(
    'sees the world as it was on a day',
    async () => {
      const cwd = empty();
      writeFileSync(join(cwd, 'in.txt'), 'house-app\n');
      const { stdout, stderr } = await pip(
        'compile',
        '--exclude-newer',
        '2025-01-01T00:00:00Z',
        '--no-header',
        '--no-annotate',
        join(cwd, 'in.txt'),
      );
      expect(stderr).not.toContain('missing an upload date');
      expect(stdout.trim().split('\n')).toEqual(['from-upstream==1.0', 'house-app==1.0', 'house-lib==1.0']);
    },
    MINUTES,
  );

  test(
    'fails where only an sdist exists',
    async () => {
      const { code, stderr } = await pip('install', '--target', 'out', 'only-sdist');
      expect([code, stderr]).toEqual([1, expect.stringMatching(/no versions of only-sdist|not found|has no/i)]);
    },
    MINUTES,
  );
});

test(
  'poetry locks with every hash and installs',
  async () => {
    const bin = await pythonClient('poetry', 'poetry');
    const cwd = empty();
    writeFileSync(
      join(cwd, 'pyproject.toml'),
      `[project]\nname = "consumer"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["house-app"]\n[tool.poetry]\npackage-mode = false\n` +
        `[[tool.poetry.source]]\nname = "wheelwright"\nurl = "${index}"\npriority = "primary"\n`,
    );
    const poetry = (...args: string[]) =>
      runClient(join(bin, 'poetry'), ['--no-interaction', ...args], cwd, {
        POETRY_VIRTUALENVS_IN_PROJECT: '1',
        POETRY_CACHE_DIR: join(cwd, 'cache'),
      });
    const locked = await poetry('lock');
    expect(locked.code, locked.stdout + locked.stderr).toBe(0);
    const lock = readFileSync(join(cwd, 'poetry.lock'), 'utf8');
    for (const { sha256 } of [app, lib1, libBuild, upstreamNewer]) expect(lock).toContain(sha256);
    const installed = await poetry('install');
    expect(installed.code, installed.stdout + installed.stderr).toBe(0);
    expect(installed.stdout).toContain('Installing house-lib (1.0)');
  },
  10 * MINUTES,
);

describe('strict readers', () => {
  let bin: string;
  beforeAll(async () => {
    bin = await pythonClient('readers', 'pypi-simple', 'mousebender', 'requests');
  }, 5 * MINUTES);
  const python = async (script: string) => {
    const { code, stdout, stderr } = await runClient(join(bin, 'python'), ['-c', script, index], empty());
    expect(stderr).toBe('');
    expect(code).toBe(0);
    return JSON.parse(stdout);
  };

  test.each(['ACCEPT_JSON_ONLY', 'ACCEPT_HTML_ONLY'])(
    'pypi-simple with %s',
    async (accept) => {
      const read = await python(`
import json, sys, warnings
warnings.simplefilter('error')
import pypi_simple
from pypi_simple import PyPISimple
with PyPISimple(endpoint=sys.argv[1], accept=getattr(pypi_simple, '${accept}')) as client:
    root = client.get_index_page()
    page = client.get_project_page('House.Lib')
    app = client.get_project_page('house-app').packages[0]
    print(json.dumps(dict(version=[root.repository_version, page.repository_version], projects=root.projects,
        files=[[p.filename, p.digests, p.requires_python, p.is_yanked, p.yanked_reason, p.has_metadata, p.package_type] for p in page.packages],
        metadata=client.get_package_metadata(app), provenance=app.provenance_url)))
`);
      expect(read.version).toEqual(['1.4', '1.4']);
      expect(read.projects).toEqual(['house-app', 'house-lib']);
      expect(read.files).toEqual([
        [libBuild.filename, { sha256: libBuild.sha256 }, '>=3.8', false, null, true, 'wheel'],
        [lib1.filename, { sha256: lib1.sha256 }, '>=3.8', false, null, true, 'wheel'],
        [lib2.filename, { sha256: lib2.sha256 }, null, true, 'it eats files', true, 'wheel'],
        [lib3.filename, { sha256: lib3.sha256 }, '>=99', false, null, true, 'wheel'],
      ]);
      expect(read.metadata).toContain('Requires-Dist: house-lib>=1');
      expect(read.provenance).toMatch(
        /^http:\/\/127\.0\.0\.1:\d+\/integrity\/house-app\/1\.0\/house_app-1\.0-py3-none-any\.whl\/provenance$/,
      );
    },
    MINUTES,
  );

  test(
    'mousebender reads the same from JSON and from HTML',
    async () => {
      const read = await python(`
import json, sys, warnings, requests
from mousebender import simple
# It knows the versions up to 1.3, and what 1.4 adds is optional.
warnings.simplefilter('ignore', simple.APIVersionWarning)
out = []
for accept in (simple.ACCEPT_JSON_V1, 'application/vnd.pypi.simple.v1+html'):
    r = requests.get(simple.create_project_url(sys.argv[1], 'house-lib'), headers={'Accept': accept})
    d = simple.parse_project_details(r.text, r.headers['Content-Type'], 'house-lib')
    out.append([d['name'], [[f['filename'], f['hashes'], f.get('requires-python'), f.get('yanked') or False] for f in d['files']]])
print(json.dumps(out))
`);
      expect(read[0]).toEqual(read[1]);
      expect(read[0][1]).toHaveLength(4);
    },
    MINUTES,
  );
});

import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { runCli } from '../../cli/program.js';
import { openTerminal } from '../../cli/terminal.js';
import { openWorkerApi, type WorkerApi } from '../../client/worker-api.js';
import type { Lease } from '../../core/attempt.js';
import { startTestApi, type TestApi } from '../support/api.js';
import { makeWheel } from '../support/wheel.js';
import { workerFacts } from '../support/worker.js';

interface Run {
  code: number;
  out: string;
  err: string;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'wheelwright-cli-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs a command line in this process, with what it printed collected. */
async function run(environment: Record<string, string>, ...args: string[]): Promise<Run> {
  const texts = { out: '', err: '' };
  const collect = (name: 'out' | 'err') => {
    const stream = new PassThrough();
    stream.on('data', (chunk: Buffer) => {
      texts[name] += chunk.toString();
    });
    return stream as unknown as NodeJS.WriteStream;
  };
  const terminal = openTerminal({ stdout: collect('out'), stderr: collect('err'), environment });
  const code = await runCli(args, { environment, terminal, signal: new AbortController().signal });
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...texts };
}

test('import writes recipes that pass the linter, lists what it could not carry over, and leaves what is there alone', async () => {
  const into = path.join(folder, 'imported');
  const environment = { WHEELWRIGHT_DATA: folder };
  const first = await run(environment, 'import', 'test/fixtures/packages/packages.ini', '--into', into);
  expect(first.code).toBe(0);
  const files = first.out.trimEnd().split('\n');
  expect(files).toEqual(['grinder', 'odd', 'tea-pot'].map((project) => path.join(into, `${project}.yaml`)));
  expect(first.err).toContain('not carried over: [grinder==1.0] custom_prebuild = prebuild/beans v2.1: a script');
  expect((await run(environment, 'recipe', 'lint', ...files)).code).toBe(0);
  await writeFile(files[0] as string, 'project: grinder\n');
  const again = await run(environment, 'import', 'test/fixtures/packages/packages.ini', '--into', into, '--json');
  expect(again.code).toBe(1);
  expect(JSON.parse(again.out)).toMatchObject({ written: [], present: files, bare: ['lid', 'plain'] });
  expect(await readFile(files[0] as string, 'utf8')).toBe('project: grinder\n');
});

describe('wrong usage exits 2 and says what is wrong', () => {
  test.each([
    [['frob'], /unknown command 'frob'/],
    [['build'], /missing required argument 'requirement'/],
    [['build', 'x', '--frob'], /unknown option '--frob'/],
    [['list', '--status', 'odd'], /Allowed choices are planned, queued/],
    [['logs', 'x', '--attempt', 'two'], /number from 1 on/],
    [['diagnose', '/no/such/file'], /the log \/no\/such\/file cannot be read: there is no such file/],
    [['build', 'x', '--recipe', '/no/such.yaml'], /the recipe \/no\/such.yaml cannot be read/],
    [['recipe', 'show', 'lxml'], /Write lxml==VERSION/],
    [['recipe', 'show', 'lxml=='], /not a requirement/],
  ])('%j', async (args, message) => {
    const { code, out, err } = await run({ WHEELWRIGHT_DATA: folder }, ...args);
    expect(err).toMatch(message);
    expect(code).toBe(2);
    expect(out).toBe('');
  });

  test('a setting that does not exist is named', async () => {
    const { code, err } = await run({ WHEELWRIGHT_DATA: folder, WHEELWRIGHT_PROT: '1' }, 'list');
    expect(err).toContain('WHEELWRIGHT_PROT is not a setting');
    expect(code).toBe(2);
  });

  test('help is a result', async () => {
    const { code, out } = await run({}, 'build', '--help');
    expect(out).toContain('--no-wait');
    expect(code).toBe(0);
  });
});

test('a service that cannot be reached exits 3 and says how to start one', async () => {
  const away = { WHEELWRIGHT_DATA: folder, WHEELWRIGHT_API_URL: 'http://127.0.0.1:1' };
  for (const args of [['list'], ['build', 'spam'], ['show', 'x'], ['logs', 'x']]) {
    const { code, err } = await run(away, ...args);
    expect(err).toMatch(/no service answers at http:\/\/127.0.0.1:1 \(/);
    expect(err).toContain('./wheelwright up');
    expect(code).toBe(3);
  }
});

test('what is about builds that are there makes no service where none has ever been', async () => {
  const data = path.join(folder, 'elsewhere');
  for (const args of [['list'], ['show', 'x'], ['cancel', '--all'], ['token', 'list'], ['index', 'yank', 'x', '1']]) {
    const { code, err } = await run({ WHEELWRIGHT_DATA: data }, ...args);
    expect(err).toContain(`no service runs, and ${data} is the data folder of none`);
    expect(code).toBe(3);
  }
  expect(existsSync(data)).toBe(false);
});

describe('diagnose', () => {
  const log = 'gcc -c spam.c\nspam.c:1:10: fatal error: libpq-fe.h: No such file or directory\n';
  let data: string;
  let file: string;

  beforeAll(async () => {
    data = path.join(folder, 'diagnose');
    // What a worker leaves there when it first needs it.
    await cp('test/fixtures/debian', path.join(data, 'package-index', 'debian-11'), { recursive: true });
    file = path.join(folder, 'build.log');
    await writeFile(file, log);
  });

  test('names class, line, cause and what to put into the recipe', async () => {
    const { code, out } = await run({ WHEELWRIGHT_DATA: data }, 'diagnose', file);
    expect(out).toMatch(/^missing-header\nline 2: .*libpq-fe\.h/);
    expect(out).toContain('- libpq-dev');
    expect(code).toBe(0);
  });

  test('--json has the form of the contract', async () => {
    const { out } = await run({ WHEELWRIGHT_DATA: data }, 'diagnose', file, '--json');
    expect(JSON.parse(out)).toMatchObject({
      class: 'missing-header',
      line: expect.stringContaining('libpq-fe.h'),
      lineNumber: 2,
      cause: expect.any(String),
      proposal: { edit: { system: { apt: ['libpq-dev'] } } },
    });
  });
});

describe('recipe', () => {
  test('lint lists every fault with its place and exits 1', async () => {
    const file = path.join(folder, 'spam.yaml');
    await writeFile(file, 'project: spam\nsistem: {}\ntoolchains: [cobol]\n');
    const { code, out } = await run({}, 'recipe', 'lint', file);
    expect(out.split('\n').filter((line) => line !== '')).toEqual([
      expect.stringMatching(/spam\.yaml:2:1: .*sistem/),
      expect.stringMatching(/spam\.yaml:3:\d+: .*rust/),
    ]);
    expect(code).toBe(1);
  });

  test('show names the line that gives each setting, for the version asked about', async () => {
    const file = path.join(folder, 'spam.yaml');
    const yaml =
      'project: spam\nsystem: { apt: [libspam-dev] }\noverrides:\n  - when: { versions: "<2" }\n    environment: { OLD: "1" }\n';
    await writeFile(file, yaml);
    const old = await run({}, 'recipe', 'show', 'spam==1.5', '--recipe', file);
    expect(old.out).toMatch(/^line 2 +system\.apt +libspam-dev\nline 5 +environment\.OLD +1\n$/);
    const { out } = await run({}, 'recipe', 'show', 'spam==2.0', '--recipe', file, '--json');
    expect(JSON.parse(out).settings).toEqual([{ path: 'system.apt', value: 'libspam-dev', line: 2 }]);
  });
});

describe('against a running service', () => {
  let service: TestApi;
  let worker: WorkerApi;
  let environment: Record<string, string>;
  const { signal } = new AbortController();

  beforeEach(async () => {
    service = await startTestApi();
    for (const version of ['1.0', '2.0']) service.upstream.add('spam', `spam-${version}.tar.gz`);
    worker = openWorkerApi({ url: service.api.url, token: service.token });
    await worker.register(workerFacts('test'), signal);
    // The token is not given: the command finds it in the data folder.
    environment = { WHEELWRIGHT_DATA: service.data, WHEELWRIGHT_API_URL: service.api.url };
  });
  afterEach(async () => {
    await worker.close();
    await service.close();
  });

  async function claim(): Promise<Lease> {
    const lease = await worker.claim(workerFacts('test'), 5000, signal);
    if (lease === undefined) throw new Error('there was nothing to claim');
    return lease;
  }

  /** Makes the next attempt fail as a worker would report it. */
  async function failNext(): Promise<void> {
    const lease = await claim();
    await worker.startPhase(lease, 'build', signal);
    await worker.appendLog(lease, 1, 'gcc spam.c\n\u001b[31mfatal error: spam.h\u001b[0m\n', signal);
    const failure = {
      class: 'missing-header',
      phase: 'build',
      line: 'fatal error: spam.h',
      lineNumber: 2,
      cause: 'The header spam.h is missing.',
      proposal: { edit: { system: { apt: ['libspam-dev'] } }, why: 'libspam-dev has spam.h' },
    } as const;
    await worker.finish(lease, { kind: 'failed', failure: structuredClone(failure) as never }, signal);
  }

  test('recipe show says what builds use: the recipe that was approved here', async () => {
    const recipe = 'project: spam\nenvironment: { HAM: "1" }\n';
    const submitted = await service.call<{ id: string }>('POST', '/api/v1/submissions', { json: { recipe } });
    await service.deliver(await service.claim(10_000), makeWheel('spam-2.0-cp313-cp313-manylinux_2_31_x86_64.whl'));
    await service.call('POST', `/api/v1/submissions/${submitted.body.id}/approve`, { json: {} });
    const shown = await run(environment, 'recipe', 'show', 'spam==2.0');
    expect(shown.out).toMatch(/^line 2 +environment\.HAM +1\n$/);
    expect(shown.err).toContain('approved');
  });

  test('build --no-wait prints the builds and leaves them to the service', async () => {
    const { code, out } = await run(environment, 'build', 'spam<2', '--python', 'cp311,cp313', '--no-wait');
    expect(code).toBe(0);
    expect(out).toMatch(/spam 1\.0 cp311 .*\n.*spam 1\.0 cp313 /);
    const { builds } = (await service.call<{ builds: unknown[] }>('GET', '/api/v1/builds')).body;
    expect(builds).toHaveLength(2);
  });

  test('build follows to the end; a failure exits 1 and tells line, cause and what to write into the recipe', async () => {
    const [{ code, out, err }] = await Promise.all([run(environment, 'build', 'spam'), failNext()]);
    expect(code).toBe(1);
    expect(out).toContain('spam 2.0 cp313 manylinux_2_31: failed: missing-header');
    expect(out).toContain('line 2: fatal error: spam.h');
    expect(out).toContain('The header spam.h is missing.');
    expect(out).toMatch(/system:\n\s+apt:\n\s+- libspam-dev/);
    expect(err).toContain('spam 2.0 cp313 manylinux_2_31: build\n');
  });

  test('build --json is the builds as the API gives them, and nothing else on stdout', async () => {
    const [{ code, out }] = await Promise.all([run(environment, 'build', 'spam', '--json'), failNext()]);
    expect(code).toBe(1);
    const { builds } = JSON.parse(out);
    expect(builds).toEqual([await service.build(builds[0].id)]);
    expect(builds[0].attempts[0].failure.class).toBe('missing-header');
  });

  test('a requirement that is refused does not keep the others from being built', async () => {
    const [{ code, out, err }] = await Promise.all([run(environment, 'build', 'no-such', 'spam'), failNext()]);
    expect(err).toContain('there is no project no-such on the index');
    expect(out).toContain('spam 2.0');
    expect(code).toBe(1);
  });

  test('a failed build is told again at once, and tried again with --retry', async () => {
    await Promise.all([run(environment, 'build', 'spam'), failNext()]);
    const again = await run(environment, 'build', 'spam');
    expect(again.out).toContain('failed: missing-header');
    await Promise.all([run(environment, 'build', 'spam', '--retry'), failNext()]);
    const [build] = (await service.call<{ builds: { attempts: unknown[] }[] }>('GET', '/api/v1/builds')).body.builds;
    expect(build?.attempts).toHaveLength(2);
  });

  test('list, show and logs find the build by its id or its project', async () => {
    await Promise.all([run(environment, 'build', 'spam'), failNext()]);
    const { out: list } = await run(environment, 'list');
    const id = /^(\S+) +spam +2\.0 +cp313 +manylinux_2_31 +failed: missing-header$/m.exec(list)?.[1] ?? '';
    expect((await run(environment, 'show', id)).out).toContain(`build    ${id}`);
    expect((await run(environment, 'show', 'spam', '--json')).out).toContain(`"id": "${id}"`);
    expect((await run(environment, 'logs', 'spam')).out).toContain('gcc spam.c\n');
    expect((await run(environment, 'logs', '-f', id)).out).toContain('gcc spam.c\n');
    const { code, err } = await run(environment, 'logs', id, '--attempt', '9');
    expect(err).toContain('has no such attempt: there are 1');
    expect(code).toBe(1);
  });

  test('worker list, drain and resume', async () => {
    await run(environment, 'build', 'spam==1.0', '--no-wait');
    await claim();
    const list = await run(environment, 'worker', 'list');
    expect(list.out).toMatch(/^test +active +0\.1\.0 +x86_64 +1\/1000 +1\/10000 .* spam 1\.0$/m);
    const drained = await run(environment, 'worker', 'drain', 'test');
    expect(drained).toMatchObject({ code: 0, out: 'test takes nothing more; it makes 1 attempt\n' });
    const { out } = await run(environment, 'worker', 'list', '--json');
    expect(JSON.parse(out)).toMatchObject({ workers: [{ name: 'test', state: 'draining', slots: { used: 1 } }] });
    expect((await run(environment, 'worker', 'resume', 'test')).out).toContain('test takes builds again');
    const unknown = await run(environment, 'worker', 'drain', 'nobody');
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('there is no worker "nobody"');
  });

  test('an unknown build exits 1', async () => {
    const { code, err } = await run(environment, 'show', 'nosuchbuild');
    expect(err).toContain('there is no build nosuchbuild');
    expect(code).toBe(1);
  });

  test('a token that is wrong is refused with a reason', async () => {
    const { code, err } = await run({ ...environment, WHEELWRIGHT_TOKEN: 'wrong' }, 'build', 'spam');
    expect(err).toMatch(/error: .*token/);
    expect(code).toBe(1);
  });

  test('the admin token is found in the data folder', async () => {
    expect((await readFile(path.join(service.data, 'admin-token'), 'utf8')).trim()).toBe(service.token);
    expect((await run(environment, 'build', 'spam', '--no-wait')).code).toBe(0);
  });
});

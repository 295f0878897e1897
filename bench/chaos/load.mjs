// A steady load: builds asked for and followed as people do, wheels installed by pip, through whatever happens to the service.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const POLL_MS = 250;
const INSTALL_PAUSE_MS = 1_500;
const AWAY_MS = 100;

export const isOver = ({ status }) => status === 'succeeded' || status === 'failed' || status === 'cancelled';

/** Again and again while the service is away, as whoever does not want to lose anything does. */
export async function persist(call, signal) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      signal?.throwIfAborted();
      if (error.code !== 'unavailable') throw error;
      await sleep(AWAY_MS, undefined, { signal });
    }
  }
}

/**
 * Keeps `underWay` builds under way until it is told to stop.
 * @param client of dist/client/client.js
 * @param index the index-server's program
 */
export function startLoad({ client, upstream, index, indexUrl, underWay, findings }) {
  /** One for each project asked for: `{project, module, build, retries}`. */
  const asked = [];
  /** Lines that readers were given live, by attempt. */
  const read = new Map();
  const installs = { done: 0, again: 0 };
  const stopping = new AbortController();
  const reading = [];
  let stopped = false;

  async function follow(attemptId) {
    const lines = [];
    read.set(attemptId, lines);
    for await (const event of client.events(attemptId, 0, stopping.signal)) {
      if (event.event !== 'line') continue;
      if (event.number !== lines.length + 1)
        findings.push(`attempt ${attemptId}: a reader got line ${event.number} after line ${lines.length}`);
      lines.push(event.text);
    }
  }

  async function look(each) {
    const build = await persist(() => client.build(each.build.id), stopping.signal);
    each.build = build;
    for (const { id } of build.attempts) {
      if (read.has(id)) continue;
      reading.push(
        follow(id).catch(
          (error) => stopping.signal.aborted || findings.push(`attempt ${id}: the reader failed: ${error.message}`),
        ),
      );
    }
    if (build.status !== 'failed') return;
    const { failure } = build.attempts.at(-1);
    if (failure.class !== 'infrastructure') {
      findings.push(`build ${build.id} of ${each.project} failed: ${failure.class}: ${failure.line} ${failure.cause}`);
      return;
    }
    // Lost more often than it is tried by itself: a person asks again.
    each.retries += 1;
    await persist(() => client.retry(build.id), stopping.signal).catch((error) => {
      if (error.code !== 'conflict') throw error;
    });
    each.build = { ...build, status: 'queued' };
  }

  const open = () => asked.filter(({ build }) => !isOver(build));
  /** Those that are not waiting their time out after a loss: with them alone the load would not be steady. */
  const active = () =>
    open().filter(({ build }) => build.status !== 'queued' || build.attempts.at(-1)?.status !== 'lost');

  async function buildLoop() {
    while (!stopped || open().length > 0) {
      if (!stopped && active().length < underWay && open().length < 10 * underWay) {
        const added = await upstream.add(asked.length + 1);
        const { builds } = await persist(() => client.requestBuilds({ requirement: `${added.project}==1.0` }));
        asked.push({ ...added, build: builds[0], retries: 0 });
        continue;
      }
      for (const each of open()) await look(each);
      await sleep(POLL_MS);
    }
  }

  async function installLoop() {
    for (let number = 0; !stopped; number += 1) {
      const ready = asked.filter(({ build }) => build.status === 'succeeded');
      if (ready.length > 0) await installOne(ready[number % ready.length]);
      await sleep(INSTALL_PAUSE_MS);
    }
  }

  async function installOne({ project }) {
    const { ends } = index;
    try {
      await install(indexUrl, [project]);
      installs.done += 1;
    } catch (error) {
      // pip gives up when the index is killed under it, an older one by the hash of what it got until then; of an index that runs it must never get anything broken.
      if (index.ends === ends && /hash|corrupt|invalid|BadZip/i.test(`${error.stderr}`))
        findings.push(`pip got something broken of ${project}: ${error.stderr}`);
      installs.again += 1;
    }
  }

  const loops = Promise.all([buildLoop(), installLoop()]);
  loops.catch(() => undefined);
  return {
    asked,
    read,
    installs,
    failed: loops.then(() => new Promise(() => undefined)),
    /** Asks for nothing more, and resolves when every build has ended and every reader has read to the end. */
    async drain() {
      stopped = true;
      await loops;
      await Promise.all(reading);
    },
    abort: () => stopping.abort(),
  };
}

/** Installs projects by the machine's own pip, as an image with CPython 3.13 would. @throws what pip says */
export async function install(indexUrl, projects) {
  const folder = await mkdtemp(join(tmpdir(), 'wheelwright-chaos-install-'));
  const target = ['--python-version', '3.13', '--implementation', 'cp', '--abi', 'cp313'];
  const platform = ['--platform', 'manylinux_2_31_x86_64', '--only-binary', ':all:'];
  const quiet = ['--no-cache-dir', '--disable-pip-version-check', '--no-deps', '-q'];
  const requirements = projects.map((project) => `${project}==1.0`);
  try {
    const args = [
      '-m',
      'pip',
      'install',
      ...quiet,
      ...target,
      ...platform,
      '--target',
      folder,
      '--index-url',
      `${indexUrl}/simple/`,
    ];
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('PIP_'));
    await run('python3', [...args, ...requirements], {
      env: { ...Object.fromEntries(inherited), PIP_CONFIG_FILE: '/dev/null' },
      timeout: 120_000,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

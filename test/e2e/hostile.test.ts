import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import type { AttemptOutcome } from '../../core/attempt.js';
import type { EffectiveRecipe } from '../../core/recipe/recipe.js';
import { type Finished, leftBehind, useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench();
afterAll(async () => {
  expect(await leftBehind(bench.instance)).toEqual([]);
});

async function build(
  hooks: string,
  options: { recipe?: EffectiveRecipe; settings?: Record<string, string> } = {},
): Promise<Finished> {
  const made = await bench.makeSdist({ hooks });
  return bench.attempt(await bench.orderFor(made, options.recipe), { settings: options.settings ?? {} });
}

/** The failure, with the proof that its line stands in the log where it says. */
function failureOf({ outcome, log }: { outcome: AttemptOutcome; log: string }) {
  if (outcome.kind !== 'failed') throw new Error(`the attempt ended as ${outcome.kind}:\n${log}`);
  const { failure } = outcome;
  if (failure.lineNumber > 0) expect(log.split('\n')[failure.lineNumber - 1]).toContain(failure.line);
  return failure;
}

it('a build that opens a connection', async () => {
  const finished = await build(`
import socket
def build(folder, write_wheel):
    socket.create_connection(("192.0.2.1", 80), timeout=5)
`);
  expect(failureOf(finished)).toMatchObject({ class: 'network-needed', phase: 'build' });
});

it('a build that forks without end', async () => {
  const finished = await build(
    `
import os, time
def build(folder, write_wheel):
    while True:
        try:
            if os.fork() == 0:
                time.sleep(60)
        except BlockingIOError as error:
            print("stopped at", error, flush=True)
            raise
`,
    { settings: { WHEELWRIGHT_BUILD_PROCESSES: '40' } },
  );
  expect(failureOf(finished).phase).toBe('build');
  expect(finished.log).toContain('Resource temporarily unavailable');
});

it('a build that takes all memory', async () => {
  const finished = await build(
    `
def build(folder, write_wheel):
    hoard = []
    while True:
        hoard.append(bytearray(16 << 20))
`,
    { recipe: { resources: { memory: '200m' } } },
  );
  expect(failureOf(finished)).toMatchObject({ class: 'out-of-memory', phase: 'build' });
});

it('a build that writes outside its folder changes nothing', async () => {
  const finished = await build(`
import os
def build(folder, write_wheel):
    for path in ["/etc/x", "/opt/python/x", "/opt/tools/x", "/usr/bin/x", "/inputs/scripts/fetch.py", "/inputs/x", "/test/x", "/build/x", "/root/x", "/proc/sys/kernel/core_pattern"]:
        try:
            open(path, "w")
            print("WROTE", path, flush=True)
        except OSError:
            pass
    print("uid", os.getuid(), "capabilities", [line.split()[1] for line in open("/proc/self/status") if line.startswith("CapEff")], flush=True)
    try:
        os.setuid(0)
        print("WROTE uid")
    except OSError:
        pass
    return write_wheel(folder, {"sample.py": b"x = 1\\n"})
`);
  expect(finished.outcome.kind).toBe('succeeded');
  expect(finished.log).toContain("uid 1000 capabilities ['0000000000000000']");
  expect(finished.log).not.toContain('WROTE');
});

it('a build that prints without end', async () => {
  const finished = await build(
    `
def build(folder, write_wheel):
    while True:
        print("x" * 1000)
`,
    { settings: { WHEELWRIGHT_LOG_BYTES: '2000000' } },
  );
  expect(failureOf(finished)).toMatchObject({ class: 'output-limit', phase: 'build' });
  expect(finished.log.length).toBeLessThan(2_500_000);
});

it('a build that prints one line without end', async () => {
  const finished = await build(
    `
import sys
def build(folder, write_wheel):
    while True:
        sys.stdout.write("x" * 100000)
`,
    { settings: { WHEELWRIGHT_LOG_BYTES: '2000000' } },
  );
  expect(failureOf(finished)).toMatchObject({ class: 'output-limit' });
});

it('a build that never ends, and ignores being asked to', async () => {
  const finished = await build(
    `
import signal, time
def build(folder, write_wheel):
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    print("waiting", flush=True)
    while True:
        time.sleep(1)
`,
    { recipe: { resources: { timeout: '6s' } } },
  );
  expect(failureOf(finished)).toMatchObject({ class: 'timed-out', phase: 'build' });
});

it('a build that fills the disk', async () => {
  const finished = await build(
    `
import time
def build(folder, write_wheel):
    for number in range(20):
        with open(f"/build/tmp/{number}", "wb") as file:
            for _ in range(30):
                file.write(bytes(1 << 20))
    time.sleep(60)
`,
    { settings: { WHEELWRIGHT_BUILD_DISK_BYTES: String(200 * 2 ** 20) } },
  );
  expect(failureOf(finished)).toMatchObject({ class: 'disk-full', phase: 'build' });
});

it('a build that ends well without a wheel', async () => {
  const finished = await build('def build(folder, write_wheel):\n    return "sample-1.0-py3-none-any.whl"\n');
  expect(failureOf(finished)).toMatchObject({ class: 'bad-wheel', line: 'the build ended well and made no wheel' });
});

it('a build that ends its own process with exit status 0', async () => {
  const finished = await build('import os\ndef build(folder, write_wheel):\n    os._exit(0)\n');
  expect(failureOf(finished).phase).toBe('build');
});

it('a build that makes two wheels', async () => {
  const finished = await build(`
def build(folder, write_wheel):
    write_wheel(folder, {"sample.py": b""}, tag="py2-none-any")
    return write_wheel(folder, {"sample.py": b""})
`);
  expect(failureOf(finished)).toMatchObject({ class: 'bad-wheel' });
  expect(finished.log).toContain('the build made 2 files where it must make one wheel');
});

it.each([
  ['another name', 'name="other"'],
  ['another version', 'version="2.0"'],
])('a build that makes a wheel of %s', async (_what, argument) => {
  const finished = await build(`
def build(folder, write_wheel):
    return write_wheel(folder, {"sample.py": b""}, ${argument})
`);
  expect(failureOf(finished)).toMatchObject({ class: 'bad-wheel', phase: 'build' });
});

it('a wheel that is no zip archive', async () => {
  const finished = await build(`
def build(folder, write_wheel):
    open(folder + "/sample-1.0-py3-none-any.whl", "wb").write(b"hello")
    return "sample-1.0-py3-none-any.whl"
`);
  expect(failureOf(finished)).toMatchObject({ class: 'bad-wheel', phase: 'repair' });
});

it('a build that puts something else in the place of its report', async () => {
  const finished = await build(`
import atexit, os
def build(folder, write_wheel):
    os.makedirs("/build/reports/build.json")
    return write_wheel(folder, {"sample.py": b""})
`);
  expect(failureOf(finished).phase).toBe('build');
});

it('a module that kills the interpreter when it is imported', async () => {
  const finished = await build(`
def build(folder, write_wheel):
    return write_wheel(folder, {"sample.py": b"import ctypes; ctypes.string_at(0)"})
`);
  expect(failureOf(finished)).toMatchObject({ class: 'test-failed', phase: 'test' });
  expect(finished.log).toContain('ended by signal 11');
});

it('a platform tag with nothing compiled behind it', async () => {
  const finished = await build(`
import subprocess
def build(folder, write_wheel):
    open("speedups.c", "w").write("#include <nowhere/nothing.h>\\n")
    subprocess.run(["gcc", "-c", "speedups.c"])
    print("falling back to pure Python", flush=True)
    return write_wheel(folder, {"sample.py": b""}, tag="cp313-cp313-linux_x86_64")
`);
  expect(failureOf(finished)).toMatchObject({ class: 'silent-fallback' });
  expect(failureOf(finished).line).toContain('nowhere/nothing.h: No such file');
});

it('an sdist with other bytes than were planned', async () => {
  const made = await bench.makeSdist({ hooks: '' });
  const order = await bench.orderFor(made);
  const finished = await bench.attempt({ ...order, sdist: { ...order.sdist, sha256: '0'.repeat(64) } });
  expect(failureOf(finished)).toMatchObject({ class: 'bad-sdist', phase: 'fetch' });
});

it('a cancelled build is gone within two seconds', async () => {
  const cancelling = new AbortController();
  const made = await bench.makeSdist({
    hooks: 'import time\ndef build(folder, write_wheel):\n    print("waiting", flush=True)\n    time.sleep(600)\n',
  });
  const attempt = bench.attempt(await bench.orderFor(made), {
    signal: cancelling.signal,
    onLog: (text) => {
      if (text.includes('\nwaiting')) cancelling.abort(new Error('cancelled by the test'));
    },
  });
  await expect(attempt).rejects.toThrow('cancelled by the test');
});

it('a worker whose own disk is full loses the attempt, says what to do, and leaves nothing there', async (context) => {
  const made = await bench.makeSdist({ hooks: '', files: { 'data.txt': randomBytes(1 << 20).toString('base64') } });
  const small = await mkdtemp(join(tmpdir(), 'wheelwright-small-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k', 'tmpfs', small], { stdio: 'ignore' });
  } catch {
    return context.skip();
  }
  vi.stubEnv('TMPDIR', small);
  try {
    const { outcome, log } = await bench.attempt(await bench.orderFor(made));
    expect(outcome).toEqual({ kind: 'lost', reason: `the disk of the worker is full (${small})` });
    expect(log).toContain('name another folder by TMPDIR');
    expect(await readdir(small)).toEqual([]);
  } finally {
    vi.unstubAllEnvs();
    execFileSync('umount', ['-l', small]);
    await rm(small, { recursive: true });
  }
});

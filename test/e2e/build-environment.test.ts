// Environments of build requirements that are kept: they must change nothing but the time, whatever happens to whoever makes them.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import type { BuildOrder } from '../../core/attempt.js';
import { leftBehind, useAttemptBench } from './attempt-bench.js';

const bench = useAttemptBench({ environments: true });
const run = promisify(execFile);

/** Tells what its interpreter sees of its requirements. */
const HOOKS = `
import os, pathlib, sys
def build(folder, write_wheel):
    import Cython
    target = pathlib.Path(sys.prefix, "lib", f"python3.{sys.version_info.minor}", "site-packages", "written.txt")
    try:
        target.write_text("by foreign code")
        print("ENVIRONMENT writable")
    except OSError as error:
        print("ENVIRONMENT", error.strerror)
    print("BYTECODE", os.path.realpath(Cython.__cached__))
    print("FILE", Cython.__file__)
    return write_wheel(folder, {"told.py": f"VERSION = {Cython.__version__!r}\\nPREFIX = {sys.prefix!r}\\n".encode()})
`;
const MADE = 'installing 1 build requirements';
const KEPT = 'the 1 build requirements are installed already';

let order: BuildOrder;
let without: Awaited<ReturnType<typeof bench.attempt>>;
beforeAll(async () => {
  order = await bench.orderFor(await bench.makeSdist({ hooks: HOOKS, requires: ['cython'] }), {
    test: { imports: ['told'] },
  });
  without = await bench.attempt(order, { settings: { WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0' } });
  expect(without.outcome.kind, without.log).toBe('succeeded');
  expect(without.log).toContain('ENVIRONMENT writable');
  expect(await leftBehind(bench.instance)).toEqual([]);
});

async function volume(): Promise<string> {
  const left = (await leftBehind(bench.instance)).filter((name) => !/-used-\d+$/.test(name));
  expect(left).toHaveLength(1);
  return left[0] as string;
}

/** Runs a shell in a container that may write into the environment. */
async function inVolume(script: string): Promise<void> {
  const { Config } = await bench.docker.getImage(await bench.builder()).inspect();
  expect(Config.User).toBe('1000:1000');
  await run('/usr/bin/docker', [
    ...['run', '--rm', '--network', 'none', '--volume', `${await volume()}:/build/env`],
    ...[await bench.builder(), 'sh', '-euc', script],
  ]);
}

it('is made once, in a container of its own, and then only read; the wheel has the bytes of one built without', async () => {
  const first = await bench.attempt(order);
  expect(first.log).toContain(MADE);
  const second = await bench.attempt(order);
  expect(second.log, second.log).not.toContain(MADE);
  for (const { log, wheel, inputs } of [first, second]) {
    expect(log).toContain(KEPT);
    expect(log).toContain('ENVIRONMENT Read-only file system');
    expect(log).toMatch(/BYTECODE \/build\/env\/\.bytecode\/build\/env\/lib\/.*\.pyc/);
    expect(log).toContain('FILE /build/env/lib/');
    expect(wheel?.equals(without.wheel as Buffer)).toBe(true);
    expect(inputs.filter(({ kind }) => kind === 'build-requirement')).toEqual(
      without.inputs.filter(({ kind }) => kind === 'build-requirement'),
    );
  }
  // Whoever trusts nobody has the same wheels, and so the same environment.
  const trial = await bench.attempt({ ...order, channel: 'trial' });
  expect(trial.log).not.toContain(MADE);
});

it('is made again where it was left half made', async () => {
  // As after a kill: the key is missing, and so is a file.
  await inVolume('rm /build/env/.complete /build/env/lib/python3.*/site-packages/Cython/__init__.py');
  const next = await bench.attempt(order);
  expect(next.outcome.kind, next.log).toBe('succeeded');
  expect(next.log).toContain(MADE);
  expect(next.wheel?.equals(without.wheel as Buffer)).toBe(true);
  expect((await bench.attempt(order)).log).not.toContain(MADE);
});

it('is made again by the next attempt where its maker was killed', async () => {
  await bench.forgetCaches();
  const attempt = bench.attempt(order);
  const filters = JSON.stringify({ label: [`wheelwright.instance=${bench.instance}`] });
  const maker = async () =>
    (await bench.docker.listContainers({ filters })).find(({ Command }) => Command.includes('environment.py'));
  await expect.poll(maker, { timeout: 120_000, interval: 20 }).toBeDefined();
  const { Id = '' } = (await maker()) ?? {};
  await bench.docker.getContainer(Id).kill();
  expect((await attempt).outcome.kind).toBe('lost');
  const next = await bench.attempt(order);
  expect(next.log).toContain(MADE);
  expect(next.wheel?.equals(without.wheel as Buffer)).toBe(true);
});

it('is nothing for an attempt whose key is another', async () => {
  await inVolume('echo other > /build/env/.complete');
  expect((await bench.attempt(order)).log).toContain(MADE);
});

it('is made by one of two attempts that want it at once', async () => {
  await bench.forgetCaches();
  const both = await Promise.all([bench.attempt(order), bench.attempt(order)]);
  for (const { outcome, log, wheel } of both) {
    expect(outcome.kind, log).toBe('succeeded');
    expect(log).toContain(KEPT);
    expect(wheel?.equals(without.wheel as Buffer)).toBe(true);
  }
  expect(both.filter(({ log }) => log.includes(MADE))).toHaveLength(1);
  await volume();
});

it('is copied for a recipe whose prepare script writes into it, and stays as it was', async () => {
  const site = '"$(echo /build/env/lib/python3.*/site-packages)"';
  const prepare = `echo 'VALUE = 7' > ${site}/added.py; python -c 'import added'`;
  const recipe = { ...order.recipe, prepare };
  const prepared = await bench.attempt({ ...order, recipe });
  expect(prepared.outcome.kind, prepared.log).toBe('succeeded');
  expect(prepared.log).not.toContain(MADE);
  expect(prepared.log).toContain('ENVIRONMENT writable');
  expect(prepared.wheel?.equals(without.wheel as Buffer)).toBe(true);
  await inVolume(
    '! ls /build/env/lib/python3.*/site-packages/added.py /build/env/lib/python3.*/site-packages/written.txt',
  );
});

it('is copied for a build that fails for not writing into it', async () => {
  const hooks = `
import pathlib, sys
def build(folder, write_wheel):
    import Cython
    pathlib.Path(Cython.__file__).with_name("generated.py").write_text("X = 1")
    return write_wheel(folder, {"writer.py": b""})
`;
  const writer = await bench.orderFor(await bench.makeSdist({ project: 'writer', hooks, requires: ['cython'] }));
  const written = await bench.attempt(writer);
  expect(written.outcome.kind, written.log).toBe('succeeded');
  expect(written.log).toContain('once more, with one of its own');
  expect((await bench.attempt(order)).log).not.toContain(MADE);
});

it('is left out by an attempt where the disk is too full for it', async () => {
  const name = await volume();
  await bench.forgetCaches();
  const labels = { 'wheelwright.instance': bench.instance, 'wheelwright.kind': 'environment' };
  await bench.docker.createVolume({
    Name: name,
    Labels: labels,
    DriverOpts: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m' },
  });
  const full = await bench.attempt(order);
  expect(full.outcome.kind, full.log).toBe('succeeded');
  expect(full.log).toContain('No space left on device');
  expect(full.log).toContain('cannot be kept');
  expect(full.log).toContain('ENVIRONMENT writable');
  expect(full.wheel?.equals(without.wheel as Buffer)).toBe(true);
  // The engine does not count what has options of its own, and so no sweep removes it.
  await bench.docker.getVolume(name).remove();
});

it('gives a real package the bytes that it has without', async () => {
  const cymem = await bench.order('cymem==2.0.11');
  const alone = await bench.attempt(cymem, { settings: { WHEELWRIGHT_ENVIRONMENT_CACHE_BYTES: '0' } });
  expect(alone.outcome.kind, alone.log).toBe('succeeded');
  for (const _ of [1, 2]) {
    const shared = await bench.attempt(cymem);
    expect(shared.log).toContain('are installed already');
    expect(shared.wheel?.equals(alone.wheel as Buffer)).toBe(true);
  }
});

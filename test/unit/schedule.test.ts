import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Placement } from '../../core/resources.js';
import {
  byTurn,
  chooseLine,
  DELAY_MS_PER_POINT,
  firstTurn,
  nextTurn,
  nobodyFor,
  type QueueLine,
  type Reservation,
  suits,
  type WorkerLoad,
} from '../../core/schedule.js';
import { PRIORITY } from '../../core/submission.js';

/** A priority that has more time than any that is given today. */
const LEAST = 300;

const GIB = 2 ** 30;

function worker(name: string, changes: Partial<WorkerLoad> = {}): WorkerLoad {
  return {
    name,
    architectures: ['x86_64'],
    labels: [],
    trust: ['stable', 'trial'],
    slots: 4,
    budget: { cpus: 8, memoryBytes: 16 * GIB, diskBytes: 100 * GIB },
    share: { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 20 * GIB },
    running: [],
    ...changes,
  };
}

const PLAIN: Placement = { arch: 'x86_64', channel: 'stable' };
const line = (project: string, changes: Partial<QueueLine> = {}): QueueLine => ({
  project,
  priority: PRIORITY.asked,
  placement: PLAIN,
  turnAt: 0,
  servedTurn: 0,
  ...changes,
});
const busy: Reservation = { cpus: 2, memoryBytes: 4 * GIB, diskBytes: 20 * GIB, exclusive: false };
const choose = (one: WorkerLoad, lines: QueueLine[], others: WorkerLoad[] = []) =>
  chooseLine(one, [...lines].sort(byTurn), [one, ...others]);

describe('one choice', () => {
  test('the earliest turn that the worker suits, with the usual share', () => {
    const arm = line('arm', { turnAt: 1, placement: { ...PLAIN, arch: 'aarch64' } });
    const gpu = line('gpu', { turnAt: 2, placement: { ...PLAIN, labels: ['gpu'] } });
    const ham = line('ham', { turnAt: 3 });
    expect(choose(worker('w'), [ham, gpu, arm])).toEqual({ kind: 'take', line: ham, reserved: busy });
    expect(choose(worker('w', { labels: ['gpu', 'x'] }), [ham, gpu, arm])).toMatchObject({ line: gpu });
    expect(choose(worker('w', { architectures: ['aarch64'] }), [ham, gpu, arm])).toMatchObject({ line: arm });
  });

  test('an unapproved recipe goes only to workers that take such', () => {
    const trial = line('spam', { placement: { ...PLAIN, channel: 'trial' } });
    expect(choose(worker('w', { trust: ['stable'] }), [trial])).toEqual({ kind: 'nothing' });
    expect(choose(worker('w', { trust: ['trial'] }), [trial, line('ham')])).toMatchObject({ line: trial });
  });

  test('what a recipe asks for is reserved, and no more than there is', () => {
    const placement = { ...PLAIN, cpus: 6, memoryBytes: 1 * GIB };
    expect(choose(worker('w'), [line('spam', { placement })])).toMatchObject({
      reserved: { cpus: 6, memoryBytes: 1 * GIB, diskBytes: 20 * GIB },
    });
    expect(choose(worker('w'), [line('spam', { placement: { ...PLAIN, cpus: 99 } })])).toMatchObject({
      kind: 'take',
      reserved: { cpus: 8 },
    });
  });

  test('what is too large for this worker waits for one that is large enough', () => {
    const huge = line('huge', { placement: { ...PLAIN, memoryBytes: 64 * GIB } });
    const large = worker('large', { budget: { cpus: 8, memoryBytes: 64 * GIB, diskBytes: 100 * GIB } });
    expect(choose(worker('w'), [huge, line('ham', { turnAt: 1 })], [large])).toMatchObject({
      line: { project: 'ham' },
    });
    expect(choose(large, [huge], [worker('w')])).toMatchObject({ kind: 'take', reserved: { memoryBytes: 64 * GIB } });
  });

  test('an exclusive build gets the whole worker, and only an empty one; nothing is given beside it', () => {
    const alone = line('alone', { placement: { ...PLAIN, exclusive: true } });
    expect(choose(worker('w'), [alone])).toMatchObject({ reserved: { cpus: 8, exclusive: true } });
    expect(choose(worker('w', { running: [busy] }), [alone, line('ham', { turnAt: 1 })])).toEqual({
      kind: 'hold',
      line: alone,
    });
    const exclusive = { ...busy, exclusive: true };
    expect(choose(worker('w', { running: [exclusive] }), [line('ham')])).toEqual({ kind: 'nothing' });
  });

  test('one worker stays free for a large build, the others go on', () => {
    const large = line('large', { placement: { ...PLAIN, cpus: 8 } });
    const small = line('small', { turnAt: 1 });
    const [a, b] = [worker('a', { running: [busy] }), worker('b', { running: [busy, busy] })];
    expect(choose(a, [large, small], [b])).toEqual({ kind: 'hold', line: large });
    expect(choose(b, [large, small], [a])).toMatchObject({ kind: 'take', line: small });
  });

  test('a full worker gets nothing, whatever its budget', () => {
    expect(choose(worker('w', { slots: 2, running: [busy, busy] }), [line('ham')])).toEqual({ kind: 'nothing' });
  });

  test('whoever waits goes before a solve, and that before the rest, all asked for at once', () => {
    const turns = [LEAST, PRIORITY.asked, PRIORITY.solve].map((priority) =>
      line(String(priority), { priority, turnAt: firstTurn(priority, 1_000) }),
    );
    expect(turns.sort(byTurn).map(({ priority }) => priority)).toEqual([PRIORITY.asked, PRIORITY.solve, LEAST]);
  });
});

interface Waiting {
  project: string;
  priority: number;
  placement: Placement;
  at: number;
}

/** A queue and workers that live by the functions under test alone. */
class Simulation {
  now = 0;
  readonly waiting: Waiting[] = [];
  readonly served: (Waiting & { takenAt: number; worker: string })[] = [];
  readonly #lines = new Map<string, QueueLine>();
  readonly #ends = new Map<Reservation, number>();

  constructor(readonly workers: WorkerLoad[]) {}

  add(project: string, priority: number, placement: Placement): void {
    this.waiting.push({ project, priority, placement, at: this.now });
    const key = keyOf({ project, priority, placement });
    const turnAt = this.#siblings({ project, priority })[0]?.turnAt ?? firstTurn(priority, this.now);
    if (!this.#lines.has(key)) this.#lines.set(key, { project, priority, placement, turnAt, servedTurn: 0 });
  }

  /** Ends what has run its time, then lets each worker take what it can. */
  tick(runFor: () => number): void {
    this.now += 1_000;
    this.workers.forEach((worker, index) => {
      const running = worker.running.filter((reserved) => (this.#ends.get(reserved) ?? 0) > this.now);
      this.workers[index] = { ...worker, running };
    });
    for (let index = 0; index < this.workers.length; index++) while (this.#takeOne(index, runFor()));
  }

  #takeOne(index: number, durationMs: number): boolean {
    const worker = this.workers[index] as WorkerLoad;
    const choice = chooseLine(worker, [...this.#lines.values()].sort(byTurn), this.workers);
    if (choice.kind !== 'take') return false;
    const key = keyOf(choice.line);
    const at = this.waiting.findIndex((build) => keyOf(build) === key);
    const [build] = this.waiting.splice(at, 1) as [Waiting];
    this.served.push({ ...build, takenAt: this.now, worker: worker.name });
    this.#ends.set(choice.reserved, this.now + durationMs);
    this.workers[index] = { ...worker, running: [...worker.running, choice.reserved] };
    const turnAt = nextTurn(choice.line.priority, choice.line.turnAt, this.now);
    for (const sibling of this.#siblings(choice.line)) {
      const servedTurn = keyOf(sibling) === key ? turnAt : sibling.servedTurn;
      this.#lines.set(keyOf(sibling), { ...sibling, turnAt, servedTurn });
    }
    if (!this.waiting.some((left) => keyOf(left) === key)) this.#lines.delete(key);
    return true;
  }

  #siblings({ project, priority }: Pick<QueueLine, 'project' | 'priority'>): QueueLine[] {
    return [...this.#lines.values()].filter((line) => line.project === project && line.priority === priority);
  }
}

function keyOf({ project, priority, placement }: Pick<QueueLine, 'project' | 'priority' | 'placement'>): string {
  return JSON.stringify([project, priority, placement]);
}

const placements: fc.Arbitrary<Placement> = fc.record(
  {
    arch: fc.constantFrom('x86_64', 'x86_64', 'aarch64'),
    channel: fc.constantFrom('stable' as const, 'trial' as const),
    labels: fc.constantFrom<string[]>(['gpu'], ['gpu', 'big']),
    exclusive: fc.constant<true>(true),
    cpus: fc.constantFrom(0.1, 0.5, 1, 3, 8, 99),
    memoryBytes: fc.integer({ min: 1, max: 32 }).map((gib) => gib * GIB),
    diskBytes: fc.integer({ min: 1, max: 120 }).map((gib) => gib * GIB),
  },
  { requiredKeys: ['arch', 'channel'] },
);
const fleets: fc.Arbitrary<WorkerLoad[]> = fc
  .array(
    fc.record({
      architectures: fc.constantFrom<string[]>(['x86_64'], ['aarch64'], ['x86_64', 'aarch64']),
      labels: fc.constantFrom<string[]>([], ['gpu'], ['gpu', 'big']),
      trust: fc.constantFrom<('stable' | 'trial')[]>(['stable'], ['trial'], ['stable', 'trial']),
      slots: fc.integer({ min: 1, max: 6 }),
      cpus: fc.integer({ min: 1, max: 16 }),
      gib: fc.integer({ min: 4, max: 64 }),
    }),
    { minLength: 1, maxLength: 4 },
  )
  .map((sizes) =>
    sizes.map(({ cpus, gib, slots, ...kind }, index) =>
      worker(`w${index}`, {
        ...kind,
        slots,
        budget: { cpus, memoryBytes: gib * GIB, diskBytes: 4 * gib * GIB },
        share: {
          cpus: cpus / slots,
          memoryBytes: Math.min(4 * GIB, (gib * GIB) / slots),
          diskBytes: (4 * gib * GIB) / slots,
        },
      }),
    ),
  );
const builds = fc.array(
  fc.record({
    project: fc.constantFrom('a', 'b', 'c', 'd'),
    priority: fc.constantFrom(PRIORITY.asked, PRIORITY.solve, LEAST),
    placement: placements,
    tick: fc.nat(30),
    durationMs: fc.integer({ min: 500, max: 20_000 }),
  }),
  { minLength: 1, maxLength: 60 },
);

describe('whatever is asked for, of whatever workers', () => {
  test('budgets and slots are never exceeded, exclusive builds run alone, and each goes to a worker of its kind', () => {
    fc.assert(
      fc.property(fleets, builds, (fleet, asked) => {
        const simulation = new Simulation(fleet);
        for (let tick = 0; tick < 60; tick++) {
          for (const build of asked.filter((one) => one.tick === tick)) {
            simulation.add(build.project, build.priority, build.placement);
          }
          simulation.tick(() => asked[tick % asked.length]?.durationMs ?? 1_000);
          for (const { running, slots, budget } of simulation.workers) {
            expect(running.length).toBeLessThanOrEqual(slots);
            for (const kind of ['cpus', 'memoryBytes', 'diskBytes'] as const) {
              const used = running.reduce((sum, reserved) => sum + reserved[kind], 0);
              expect(used).toBeLessThanOrEqual(budget[kind] + (kind === 'cpus' ? 1e-5 : 0));
            }
            if (running.some(({ exclusive }) => exclusive)) expect(running).toHaveLength(1);
          }
        }
        for (const { worker: name, placement } of simulation.served) {
          const taker = fleet.find((one) => one.name === name) as WorkerLoad;
          expect(suits(taker, placement)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
  });

  test('every build that some worker is of the kind for is made, and no worker idles beside it', () => {
    fc.assert(
      fc.property(fleets, builds, (fleet, asked) => {
        const simulation = new Simulation(fleet);
        for (const { project, priority, placement } of asked) simulation.add(project, priority, placement);
        const possible = asked.filter(({ placement }) => fleet.some((one) => suits(one, placement)));
        for (let tick = 0; tick < possible.length; tick++) simulation.tick(() => 999);
        expect(simulation.served).toHaveLength(possible.length);
      }),
      { numRuns: 100 },
    );
  });

  test('nothing starves: neither a low priority under a stream of high ones, nor a large build under small ones', () => {
    fc.assert(
      fc.property(
        fleets,
        placements,
        fc.constantFrom(PRIORITY.solve, LEAST),
        fc.array(placements, { minLength: 1, maxLength: 5 }),
        fc.array(fc.integer({ min: 500, max: 9_000 }), { minLength: 1, maxLength: 7 }),
        (fleet, placement, priority, stream, durations) => {
          fc.pre(fleet.some((one) => suits(one, placement)));
          const simulation = new Simulation(fleet);
          simulation.add('victim', priority, placement);
          let drawn = 0;
          const slots = fleet.reduce((sum, one) => sum + one.slots, 0);
          // Everything asked for until the victim's delay is over goes before it, and that is more than the workers can make.
          simulation.now = (priority - PRIORITY.asked) * DELAY_MS_PER_POINT - 20_000;
          for (let tick = 0; tick < 20 + slots * 200; tick++) {
            if (simulation.served.some(({ project }) => project === 'victim')) return;
            for (let more = 0; more <= slots; more++) {
              simulation.add(`stream${drawn % 7}`, PRIORITY.asked, stream[drawn % stream.length] as Placement);
              drawn += 1;
            }
            simulation.tick(() => durations[drawn % durations.length] as number);
          }
          expect.unreachable('the victim was never served');
        },
      ),
      { numRuns: 60 },
    );
  });

  test('projects take turns, however many builds each has and whenever it comes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 4 }),
        fc.array(
          fc.record({
            count: fc.integer({ min: 1, max: 12 }),
            from: fc.nat(15),
            kinds: fc.integer({ min: 1, max: 3 }),
          }),
          {
            minLength: 2,
            maxLength: 6,
          },
        ),
        (slots, projects) => {
          const simulation = new Simulation([worker('w', { slots, share: { cpus: 1, memoryBytes: 1, diskBytes: 1 } })]);
          for (let n = 0; n < 300; n++) simulation.add('crowd', PRIORITY.asked, PLAIN);
          for (let tick = 0; tick < 100; tick++) {
            projects.forEach(({ count, from, kinds }, index) => {
              if (from !== tick) return;
              for (let n = 0; n < count; n++)
                simulation.add(`p${index}`, PRIORITY.asked, { ...PLAIN, cpus: 1 + (n % kinds) / 10 });
            });
            simulation.tick(() => 999);
          }
          const names = [...new Set(simulation.served.map(({ project }) => project))];
          const turns = simulation.served.map(({ project }) => project);
          projects.forEach(({ count, from }, index) => {
            const mine = simulation.served.flatMap(({ project }, at) => (project === `p${index}` ? [at] : []));
            expect(mine).toHaveLength(count);
            // Between two turns of a project that has builds left, nobody else has more than two, for those served in the same millisecond may swap.
            mine.slice(1).forEach((at, n) => {
              const between = turns.slice((mine[n] as number) + 1, at);
              for (const name of names) expect(between.filter((other) => other === name).length).toBeLessThanOrEqual(2);
            });
            const before = simulation.served.findIndex(({ takenAt }) => takenAt > from * 1_000);
            expect((mine[0] as number) - before).toBeLessThanOrEqual(2 * names.length);
          });
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('why nobody makes a build', () => {
  test.each([
    ['nobody is there', PLAIN, [], /^No worker is there that takes builds\. `\.\/wheelwright up` starts one\.$/],
    [
      'another machine is asked for',
      { ...PLAIN, arch: 'aarch64' },
      [worker('a'), worker('b')],
      /^No worker builds for aarch64; those that are there build for x86_64\./,
    ],
    [
      'nobody takes trials',
      { ...PLAIN, channel: 'trial' },
      [worker('a', { trust: ['stable'] })],
      /takes builds of the trial channel\. .*WHEELWRIGHT_WORKER_TRUST/,
    ],
    [
      'no worker has all labels',
      { ...PLAIN, labels: ['gpu', 'big'] },
      [worker('a', { labels: ['gpu'] }), worker('b', { labels: ['big'] })],
      /labels that the recipe asks for: gpu, big\. .*WHEELWRIGHT_WORKER_LABELS/,
    ],
  ] satisfies [string, Placement, WorkerLoad[], RegExp][])('%s', (_what, placement, fleet, said) => {
    expect(nobodyFor(placement, fleet)).toMatch(said);
  });

  test('nothing is said of a build that somebody can make, if only later or in all that there is', () => {
    expect(nobodyFor(PLAIN, [worker('a', { running: [busy, busy, busy, busy] })])).toBeUndefined();
    expect(nobodyFor({ ...PLAIN, memoryBytes: 99 * GIB }, [worker('a')])).toBeUndefined();
  });
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Failure, FailureClass } from '../../core/failure.js';
import { lintRecipe } from '../../core/recipe/lint.js';
import { nextStep } from '../../core/solve.js';
import { solvedRecipe } from '../../core/solve-facts.js';
import { MAX_PROVEN_TRIES, MAX_TRIES, type PlannedTry, type SolveFacts, type SolveTry } from '../../core/solve-try.js';

const POLICY = 'manylinux_2_31';
const facts: SolveFacts = {
  recipe: { project: 'ham' },
  today: '2026-01-01',
  releasedOn: {},
  olderVersions: [],
  pinned: true,
  newerPolicies: [],
};

const apt = (...names: string[]) => ({ system: { apt: names } });

function failure(line: string, more: Partial<Failure> = {}): Failure {
  return { class: 'missing-header', phase: 'build', line, lineNumber: 7, cause: 'It is missing.', ...more };
}

const missing = (line: string, edit: Record<string, unknown>, guess = false): Failure =>
  failure(line, { proposal: { edit, why: `it has ${line}`, ...(guess ? { guess: true } : {}) } });

type World = (planned: PlannedTry) => Failure | 'succeeds';

/** Builds as the steps say until the solve ends. */
function solve(world: World, more: Partial<SolveFacts> = {}, durationMs = 1000, libraries: string[] = []) {
  const tries: SolveTry[] = [];
  const record = (planned: PlannedTry) => {
    const result = world(planned);
    const outcome =
      result === 'succeeds'
        ? { kind: 'succeeded' as const, durationMs, libraries }
        : { kind: 'failed' as const, failure: result };
    tries.push({ ...planned, buildId: `build-${tries.length}`, outcome });
  };
  record({ purpose: 'first', version: '2.0', edits: [] });
  for (;;) {
    const step = nextStep(tries, { ...facts, ...more });
    if (step.kind !== 'try') return { end: step, tries };
    const { kind: _, ...planned } = step;
    record(planned);
  }
}

const has = ({ edits }: PlannedTry, word: string) => JSON.stringify(edits.map(({ edit }) => edit)).includes(word);

test('what works at once needs no recipe', () => {
  const { end, tries } = solve(() => 'succeeds');
  expect(end).toEqual({ kind: 'solved', try: 0 });
  expect(tries).toHaveLength(1);
});

test('each failure leads to an edit, until it succeeds; the edits keep their evidence', () => {
  const { end, tries } = solve((planned) => {
    if (!has(planned, 'libham-dev')) return missing('ham.h', apt('libham-dev'));
    return has(planned, 'libegg-dev') ? 'succeeds' : missing('egg.h', apt('libegg-dev'));
  });
  expect(end).toEqual({ kind: 'solved', try: 2 });
  expect(tries[2]?.edits).toEqual([
    {
      edit: apt('libham-dev'),
      why: 'it has ham.h',
      evidence: { buildId: 'build-0', class: 'missing-header', line: 'ham.h', lineNumber: 7 },
    },
    expect.objectContaining({ evidence: expect.objectContaining({ buildId: 'build-1', line: 'egg.h' }) }),
  ]);
  expect(solvedRecipe('project: ham\n', tries[2] as SolveTry, POLICY)).toBe(
    'project: ham\nsystem:\n  apt:\n    - libham-dev\n    - libegg-dev\n',
  );
});

test('an edit after which it fails in the same way is taken back, and is not made again', () => {
  const { end, tries } = solve(() => missing('/tmp/x12/ham.h:3', apt('libham-dev')));
  expect(tries.map(({ edits }) => edits.length)).toEqual([0, 1]);
  expect(end).toMatchObject({ kind: 'no-idea' });
  expect(end.kind === 'no-idea' && end.reason).toMatch(
    /^No new idea\. 2\.0 fails with missing-header: .*\. Tried: .*libham-dev/,
  );
});

test('the reason is that of the build which came furthest, not of a later step back', () => {
  const { end } = solve(
    (planned) =>
      has(planned, 'as-of')
        ? failure('no solution', { class: 'build-requirement', phase: 'fetch' })
        : failure('it breaks', { class: 'compile-error' }),
    { releasedOn: { '2.0': '2019-05-04' } },
  );
  expect(end.kind === 'no-idea' && end.reason).toMatch(
    /^No new idea\. 2\.0 fails with compile-error: it breaks\. Tried/,
  );
});

test('what was tried is told on one line, of a script what it does', () => {
  const edit = {
    requires: { additions: ['ham'] },
    prepare: '# Ham made anew.\nfind . | while read -r x; do :; done\n',
  };
  const { end } = solve(() => missing('egg', edit));
  const reason = end.kind === 'no-idea' ? end.reason : '';
  expect(reason).toContain('{"requires":{"additions":["ham"]},"prepare":"Ham made anew."}');
});

test('two proposals that bring each other about do not go round in a circle', () => {
  const { tries } = solve((planned) => {
    const last = planned.edits.at(-1);
    return JSON.stringify(last?.edit ?? '').includes('<1')
      ? missing('too old', { requires: { constraints: ['egg>=1'] } })
      : missing('too new', { requires: { constraints: ['egg<1'] } });
  });
  expect(tries.length).toBeLessThanOrEqual(3);
});

test('a script that one failure asked for runs beside that of another, also where they are bound to an older release', () => {
  const { tries } = solve((planned) => {
    if (!has(planned, 'mend-setup')) return missing('use_2to3 is invalid', { prepare: 'mend-setup\n' });
    return has(planned, 'mend-sources') ? 'succeeds' : missing('lvalue required', { prepare: 'mend-sources\n' });
  });
  const solved = tries[2] as SolveTry;
  expect(solved.outcome.kind).toBe('succeeded');
  const both = 'mend-setup\nmend-sources\n';
  expect(lintRecipe(solvedRecipe('project: ham\n', solved, POLICY)).recipe).toMatchObject({ prepare: both });
  expect(lintRecipe(solvedRecipe('project: ham\n', solved, POLICY, '3.0')).recipe).toMatchObject({
    overrides: [{ when: { versions: '<=2.0' }, prepare: both }],
  });
});

test('a guess that a later edit made needless is removed again', () => {
  const world: World = (planned) => {
    if (has(planned, 'libegg-dev')) return 'succeeds';
    return has(planned, 'FLAG')
      ? missing('egg.h', apt('libegg-dev'))
      : missing('odd', { environment: { FLAG: '1' } }, true);
  };
  const { end, tries } = solve(world);
  expect(end).toEqual({ kind: 'solved', try: 3 });
  expect(tries[3]).toMatchObject({ purpose: 'without', edits: [{ edit: apt('libegg-dev') }] });
  // Not where each build takes long.
  expect(solve(world, {}, 20 * 60_000).end).toEqual({ kind: 'solved', try: 2 });
});

test('a guessed package after which the failure was another one is not taken away to see', () => {
  const world: World = (planned) => {
    if (has(planned, 'libegg-dev')) return 'succeeds';
    return has(planned, 'libham-dev')
      ? missing('egg.h', apt('libegg-dev'), true)
      : missing('ham', apt('libham-dev'), true);
  };
  const { end, tries } = solve(world);
  expect(end).toEqual({ kind: 'solved', try: 2 });
  expect(tries).toHaveLength(3);
});

test('an idea that only adds something, after which the failure was another one, is not taken away to see, and neither is what came before it', () => {
  const anew = { requires: { additions: ['cython'] }, prepare: 'generate-anew\n' };
  const world: World = (planned) => {
    if (!has(planned, 'libham-dev')) return missing('ham.h', apt('libham-dev'));
    if (!has(planned, 'cython'))
      return failure('longintrepr.h', { ideas: [{ edit: anew, why: 'it has it', guess: true }] });
    return has(planned, 'libegg-dev') ? 'succeeds' : missing('egg.h', apt('libegg-dev'));
  };
  const { end, tries } = solve(world);
  expect(end).toEqual({ kind: 'solved', try: 3 });
  expect(tries).toHaveLength(4);
});

test('a header that sources include is not made needless by other Python packages, but may be by a switch', () => {
  const world =
    (settled: Record<string, unknown>): World =>
    (planned) => {
      if (!has(planned, 'libham-dev'))
        return failure('ham.h', { class: 'missing-header', proposal: { edit: apt('libham-dev'), why: 'it has it' } });
      return has(planned, 'egg') ? 'succeeds' : missing('odd', settled);
    };
  expect(solve(world({ requires: { constraints: ['egg<2'] } })).tries).toHaveLength(3);
  expect(solve(world({ environment: { WITHOUT: 'egg' } })).tries).toHaveLength(4);
});

test('where a release downloads and nothing says in place of what, an older one may not', () => {
  const { tries } = solve(
    ({ version }) => (version === '2.0' ? failure('urlopen error', { class: 'network-needed' }) : 'succeeds'),
    { olderVersions: ['1.9'], pinned: false },
  );
  expect(tries[1]).toMatchObject({ purpose: 'older-release', outcome: { kind: 'succeeded' } });
});

test('a removal that breaks the build leaves the recipe that worked', () => {
  const { end, tries } = solve((planned) => {
    if (!has(planned, 'FLAG')) return missing('odd', { environment: { FLAG: '1' } }, true);
    return has(planned, 'libegg-dev') ? 'succeeds' : missing('egg.h', apt('libegg-dev'));
  });
  expect(end).toEqual({ kind: 'solved', try: 2 });
  expect(tries.at(-1)).toMatchObject({ purpose: 'without', outcome: { kind: 'failed' } });
});

test('an old release may need the build requirements of its time, in a recipe without a fault', () => {
  const released = { releasedOn: { '2.0': '2019-05-04' } };
  const broken = failure('cython broke', { class: 'compile-error' });
  const { end, tries } = solve((planned) => (has(planned, 'as-of') ? 'succeeds' : broken), released);
  expect(end).toEqual({ kind: 'solved', try: 1 });
  const yaml = solvedRecipe('project: ham\n', tries[1] as SolveTry, POLICY);
  expect(lintRecipe(yaml).recipe?.overrides).toEqual([
    { when: { versions: '<=2.0' }, requires: { 'as-of': '2019-05-04' } },
  ]);
  expect(solve(() => broken, { releasedOn: { '2.0': '2025-12-01' } }).tries).toHaveLength(1);
  const bound = failure('cython refuses it', {
    class: 'build-requirement',
    proposal: { edit: { requires: { constraints: ['cython<3.1'] } }, why: 'it accepts more', guess: true },
  });
  expect(solve(() => bound, released).tries).toHaveLength(2);
  const rust = failure('error[E0061]: this function takes 2 arguments', { class: 'compile-error' });
  expect(solve(() => rust, released).tries).toHaveLength(1);
  // What is older than the interpreter does not run on it.
  const newer = solve(() => broken, { ...released, toolsFrom: '2025-01-01' });
  expect(newer.tries[1]?.edits[0]?.edit).toMatchObject({ overrides: [{ requires: { 'as-of': '2025-01-01' } }] });
  expect(
    solve(() => broken, { releasedOn: { '2.0': '2025-02-01' }, toolsFrom: '2025-01-01' }).tries[1]?.edits[0]?.edit,
  ).toMatchObject({
    overrides: [{ requires: { 'as-of': '2025-02-01' } }],
  });
});

test('beyond eight builds only what a new failure proves is tried', () => {
  const lacking = (guess: boolean) => (planned: PlannedTry) => {
    const name = 'x'.repeat(planned.edits.length + 1);
    const proposal = { edit: apt(`lib${name}-dev`), why: '', ...(guess ? { guess: true as const } : {}) };
    return planned.edits.length === 9 ? ('succeeds' as const) : failure(`${name}.h`, { proposal });
  };
  expect(solve(lacking(false)).end).toMatchObject({ kind: 'solved', try: 9 });
  const { end, tries } = solve(lacking(true));
  expect(end).toMatchObject({ kind: 'no-idea', reason: expect.stringContaining('Not solved in 8 attempts') });
  expect(tries).toHaveLength(MAX_TRIES);
});

test('the folder of the architecture is looked into by compilers themselves', () => {
  const proposal = { edit: apt('libham-dev'), why: 'libham-dev has /usr/include/x86_64-linux-gnu/ham.h' };
  const asked = failure('ham.h', { proposal, missing: [{ kind: 'header', name: 'ham.h' }] });
  expect(solve(() => asked).tries).toHaveLength(2);
});

test('a header in a folder of its own: the compiler is told of the folder', () => {
  const proposal = { edit: apt('libham-dev'), why: 'libham-dev has /usr/include/ham-2/ham.h', guess: true as const };
  const asked = failure('ham.h', { proposal, missing: [{ kind: 'header', name: 'ham.h' }] });
  const { end, tries } = solve((planned) => (has(planned, 'CPATH') ? 'succeeds' : asked));
  expect(end).toMatchObject({ kind: 'solved' });
  expect(tries.at(-1)?.edits.map(({ edit }) => edit)).toEqual([
    { ...apt('libham-dev'), environment: { CPATH: '/usr/include/ham-2' } },
  ]);
});

test('headers of numpy that are still not found with it: the compiler is told of their folder', () => {
  const proposal = { edit: { requires: { additions: ['numpy'] } }, why: 'numpy brings its own headers' };
  const line = 'ham.c:1:10: fatal error: numpy/arrayobject.h: No such file or directory';
  const asked = failure(line, { class: 'build-requirement', proposal });
  const { end, tries } = solve((planned) => (has(planned, 'CPATH') ? 'succeeds' : asked));
  expect(end).toMatchObject({ kind: 'solved' });
  expect(tries).toHaveLength(3);
  expect(tries.at(-1)?.edits.map(({ edit }) => edit)).toMatchObject([
    { requires: { additions: ['numpy'] }, prepare: expect.stringContaining('numpy.get_include()') },
  ]);
});

test('a library in a folder of its own: the linker is told of the folder', () => {
  const why = 'libham-dev has /usr/lib/x86_64-linux-gnu/ham/serial/libham.so';
  const asked = failure('cannot find -lham', {
    class: 'missing-library',
    missing: [{ kind: 'library', name: 'ham' }],
    proposal: { edit: apt('libham-dev'), why, guess: true },
  });
  const { end, tries } = solve((planned) => (has(planned, 'LIBRARY_PATH') ? 'succeeds' : asked));
  expect(end).toMatchObject({ kind: 'solved' });
  expect(tries.at(-1)?.edits.map(({ edit }) => edit)).toEqual([
    { ...apt('libham-dev'), environment: { LIBRARY_PATH: '/usr/lib/x86_64-linux-gnu/ham/serial' } },
  ]);
});

test('an idea that makes no sound recipe is passed over for the next one', () => {
  const proposal = { edit: apt('$(rm -rf /)'), why: 'a log said so' };
  const odd = failure('odd', { class: 'compile-error', proposal });
  const { end, tries } = solve((planned) => (has(planned, 'as-of') ? 'succeeds' : odd), {
    releasedOn: { '2.0': '2019-05-04' },
  });
  expect(end).toEqual({ kind: 'solved', try: 1 });
  expect(tries).toHaveLength(2);
});

test('further ideas of a failure are tried where its proposal did not help', () => {
  const ideas = [{ edit: { environment: { HAM_SYSTEM: '1' } }, why: 'setup.py reads it', guess: true as const }];
  const { end, tries } = solve((planned) =>
    has(planned, 'HAM_SYSTEM') ? 'succeeds' : { ...missing('ham.h', apt('libham-dev'), true), ideas },
  );
  expect(tries.map(({ edits }) => edits.map(({ edit }) => edit))).toEqual([[], [apt('libham-dev')], [ideas[0]?.edit]]);
  expect(end).toEqual({ kind: 'solved', try: 2 });
});

test('a release that was made for older interpreters is told as such, with the first that was made for this one', () => {
  const wheels = { upTo: 'cp310', firstRelease: '3.0.4' };
  const reasonOf = (kind: FailureClass, more: Partial<SolveFacts> = {}) => {
    const { end } = solve(() => failure('no', { class: kind }), more);
    return end.kind === 'no-idea' ? end.reason : '';
  };
  expect(reasonOf('compile-error', { wheels })).toMatch(
    /2\.0 fails with compile-error: no\. .* \(the index has wheels of it up to cp310\): ask for one of them \(--python\), or for 3\.0\.4 or later, the first .*\.$/,
  );
  expect(reasonOf('compile-error', { wheels: { ...wheels, python: 'cp39' } })).toContain('(--python cp39)');
  expect(reasonOf('python-too-new')).toMatch(
    /older interpreters: ask for one of them \(--python\), or for a newer release\.$/,
  );
  expect(reasonOf('silent-fallback', { wheels })).toContain('older interpreters');
  expect(reasonOf('compile-error')).not.toContain('older interpreters');
  expect(reasonOf('missing-tool', { wheels })).not.toContain('older interpreters');
});

describe('where the base is too old', () => {
  const tooOld = failure('needs libegg >= 3', { class: 'library-too-old' });
  const older = { olderVersions: ['1.9', '1.8'], newerPolicies: ['manylinux_2_36'] };

  test('the newest older release that works is taken', () => {
    const { end, tries } = solve(({ version }) => (version === '1.8' ? 'succeeds' : tooOld), {
      ...older,
      pinned: false,
    });
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.9', '1.8']);
    expect(end).toMatchObject({ kind: 'solved', try: 2 });
    expect(end.kind === 'solved' && end.reason).toMatch(
      /2\.0 is too new.*libegg >= 3.*1\.8 works here.*--policy manylinux_2_36\) or the library built first/,
    );
  });

  test('what an edit mended is not what stood in the way', () => {
    const refused = failure('error: ham is unknown', { class: 'compile-error' });
    const rust = missing('no cargo', { toolchains: ['rust'] });
    const world: World = (planned) => {
      if (!has(planned, 'rust')) return { ...rust, class: 'toolchain-missing' };
      return planned.version === '1.9' ? 'succeeds' : refused;
    };
    const { end } = solve(world, { ...older, pinned: false });
    expect(end.kind === 'solved' && end.reason).toBe('2.0 could not be built (error: ham is unknown); 1.9 works here.');
  });

  test('of many older releases, the newest that works is found by leaps and halves', () => {
    const olderVersions = Array.from({ length: 20 }, (_, at) => `1.${19 - at}`);
    const works = (newest: number) =>
      solve(({ version }) => (Number(version.slice(2)) > newest || version === '2.0' ? tooOld : 'succeeds'), {
        ...older,
        olderVersions,
        pinned: false,
      });
    const { end, tries } = works(14);
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.19', '1.17', '1.13', '1.15', '1.14']);
    expect(end).toMatchObject({ kind: 'solved', try: 5 });
    for (let newest = 5; newest < 20; newest += 1) expect(works(newest).end.kind).toBe('solved');
  });

  test('after the nearest comes the release that was new when the base was, then halves', () => {
    const olderVersions = Array.from({ length: 20 }, (_, at) => `1.${19 - at}`);
    const releasedOn = Object.fromEntries(olderVersions.map((version, at) => [version, `${2026 - at}-01-01`]));
    const { end, tries } = solve(({ version }) => (['1.5', '1.6', '1.7'].includes(version) ? 'succeeds' : tooOld), {
      ...older,
      olderVersions,
      releasedOn,
      librariesFrom: '2012-06-01',
      pinned: false,
    });
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.19', '1.5', '1.12', '1.9', '1.7', '1.8']);
    expect(end).toMatchObject({ kind: 'solved', try: 5 });
  });

  test('the more releases there are, the wider the leaps, so that the first of a hundred is reached as well', () => {
    const olderVersions = Array.from({ length: 100 }, (_, at) => `1.${99 - at}`);
    const { end, tries } = solve(({ version }) => (version === '1.0' ? 'succeeds' : tooOld), {
      ...older,
      olderVersions,
      pinned: false,
    });
    expect(tries.slice(0, 6).map(({ version }) => version)).toEqual(['2.0', '1.99', '1.96', '1.87', '1.60', '1.0']);
    expect(end).toMatchObject({ kind: 'solved', try: 5 });
  });

  test('what is foretold to fail is not built, before a success nor after it', () => {
    const { end, tries } = solve(({ version }) => (version === '1.5' ? 'succeeds' : tooOld), {
      ...older,
      olderVersions: ['1.9', '1.8', '1.7', '1.6', '1.5', '1.4'],
      foretold: ['1.9', '1.8', '1.6'],
      pinned: false,
    });
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.5']);
    expect(end).toMatchObject({ kind: 'solved', try: 1 });
  });

  test('where no older release works either, it says what the one that was asked for lacks', () => {
    const { end } = solve(
      ({ version }) => (version === '2.0' ? tooOld : failure('no longintrepr.h', { class: 'python-too-new' })),
      { ...older, pinned: false },
    );
    expect(end.kind === 'no-idea' && end.reason).toMatch(/2\.0 fails with library-too-old: needs libegg >= 3/);
  });

  test('nor does a system package that only the newer release is linked against', () => {
    const { tries, end } = solve(
      (planned) =>
        planned.version === '1.9'
          ? 'succeeds'
          : has(planned, 'libham-dev')
            ? tooOld
            : missing('ham.h', apt('libham-dev')),
      { olderVersions: ['1.9'], pinned: false },
    );
    expect(end).toMatchObject({ kind: 'solved', try: 3 });
    expect(tries[3]?.edits).toEqual([]);
  });

  test('a guess that did not help one release is not made for another that fails in the same way', () => {
    const absent = (line: string) =>
      failure(line, {
        class: 'missing-library',
        missing: [{ kind: 'pkg-config', name: 'egg-2.0' }],
        ideas: [{ edit: apt('libham-dev'), why: 'the sources use it', guess: true }],
      });
    const { tries, end } = solve(
      ({ version }) => (version === '1.7' ? 'succeeds' : absent(`meson.build:${version}: no egg`)),
      { olderVersions: ['1.9', '1.8', '1.7'], pinned: false },
    );
    expect(tries.map(({ version, edits }) => [version, edits.length])).toEqual([
      ['2.0', 0],
      ['2.0', 1],
      ['1.9', 0],
      ['1.7', 0],
      ['1.8', 0],
    ]);
    expect(end).toMatchObject({ kind: 'solved', try: 3 });
  });

  test.each([
    [['libham-2f1d0c3e.so.1.17.0', 'libz.so.1'], 3],
    [['libhamster-2f1d0c3e.so.1'], 4],
  ])('its libraries in the wheel say that it is linked against them: %s', (libraries, builds) => {
    const { tries, end } = solve(
      (planned) => {
        if (!has(planned, 'libham1-dev')) return missing('ham', apt('ham-bin', 'libham1-dev'));
        return planned.version === '1.9' ? 'succeeds' : tooOld;
      },
      { olderVersions: ['1.9'], pinned: false },
      1000,
      libraries,
    );
    expect(tries).toHaveLength(builds);
    expect(end).toMatchObject({ kind: 'solved', try: 2 });
  });

  test('bindings that are numbered as their library go straight to the release of the one that is there', () => {
    const { end, tries } = solve(
      ({ version }) =>
        version === '1.4.2'
          ? 'succeeds'
          : failure(`Bindings of Egg ${version} require at least libegg ${version}, but 1.4.2 was found`, {
              class: 'library-too-old',
            }),
      {
        ...older,
        olderVersions: ['1.9', '1.8', '1.7', '1.6', '1.5', '1.4.3'],
        allOlderVersions: ['1.9', '1.8', '1.7', '1.6', '1.5', '1.4.3', '1.4.2', '1.4.1'],
        pinned: false,
      },
    );
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.4.2']);
    expect(end).toMatchObject({ kind: 'solved', try: 1 });
  });

  test('where that release is too old for the interpreter, none between them is tried', () => {
    const { end, tries } = solve(
      ({ version }) =>
        version === '1.4.2'
          ? failure('no lib2to3', { class: 'python-too-new' })
          : failure(`${version} requires libegg ${version}, but 1.4.2 was found`, { class: 'library-too-old' }),
      { ...older, allOlderVersions: ['1.9', '1.8', '1.4.2'], pinned: false },
    );
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.4.2']);
    expect(end.kind).toBe('no-idea');
  });

  test('a release that is older than the interpreter sends the search back towards newer ones', () => {
    const outdated = failure('no longintrepr.h', { class: 'python-too-new' });
    const { tries, end } = solve(
      ({ version }) => (version === '2.0' || version === '1.9' ? tooOld : version === '1.8' ? 'succeeds' : outdated),
      { olderVersions: ['1.9', '1.8', '1.7', '1.6'], pinned: false },
    );
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.9', '1.7', '1.8']);
    expect(end).toMatchObject({ kind: 'solved', try: 3 });
  });

  test('it does so before that release is mended by a guess, which is for where no newer one works', () => {
    const anew = [{ edit: { prepare: 'generate-anew\n' }, why: 'it has it', guess: true as const }];
    const outdated = failure('no longintrepr.h', { class: 'python-too-new', ideas: anew });
    const more = { olderVersions: ['1.9', '1.8', '1.7', '1.6'], pinned: false };
    const world =
      (works: string): World =>
      (planned) => {
        if (has(planned, 'anew') || planned.version === works) return 'succeeds';
        return planned.version === '1.7' ? outdated : tooOld;
      };
    expect(solve(world('1.8'), more).tries.map(({ version }) => version)).toEqual(['2.0', '1.9', '1.7', '1.8']);
    const { tries, end } = solve(world('none'), more);
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '1.9', '1.7', '1.8', '1.7']);
    expect(end).toMatchObject({ kind: 'solved', try: 4 });
  });

  test('what only the newer release asked for does not stay in the recipe of the older one', () => {
    const rust = missing('no cargo', { toolchains: ['rust'] });
    const { tries, end } = solve(
      (planned) => (planned.version === '1.9' ? 'succeeds' : has(planned, 'rust') ? tooOld : rust),
      { olderVersions: ['1.9'], pinned: false },
    );
    expect(end).toMatchObject({ kind: 'solved', try: 3 });
    expect(tries[3]).toMatchObject({ purpose: 'without', version: '1.9', edits: [] });
  });

  test('an older release that fails as the newer one did, where one edit is taken away, keeps the others too', () => {
    const { tries, end } = solve(
      (planned) => {
        if (!has(planned, 'libspam-dev')) return missing('spam.h', apt('libspam-dev'));
        if (!has(planned, 'libegg-dev')) return missing('egg.h', apt('libegg-dev'));
        return planned.version === '1.9' ? 'succeeds' : tooOld;
      },
      { olderVersions: ['1.9'], pinned: false },
    );
    expect(end).toMatchObject({ kind: 'solved', try: 3 });
    expect(tries.slice(4)).toMatchObject([{ purpose: 'without', edits: [{ edit: apt('libspam-dev') }] }]);
  });

  test('so it is where the distribution has nothing by the name that was asked for', () => {
    const absent = failure('no egg-2.0', { missing: [{ kind: 'pkg-config', name: 'egg-2.0' }] });
    const { end } = solve(({ version }) => (version === '1.9' ? 'succeeds' : absent), { ...older, pinned: false });
    expect(end).toMatchObject({ kind: 'solved', try: 1 });
  });

  test('so it is where the package is there and what it brings is still not found', () => {
    const notFound = missing('egg is too old or not found', apt('libegg-dev'), true);
    const { end, tries } = solve(({ version }) => (version === '1.9' ? 'succeeds' : notFound), {
      ...older,
      pinned: false,
    });
    expect(tries.map(({ version, edits }) => [version, edits.length])).toEqual([
      ['2.0', 0],
      ['2.0', 1],
      ['1.9', 0],
    ]);
    expect(end.kind).toBe('solved');
  });

  test('a package that helped, and then another that cannot be had, is no reason for an older release', () => {
    const { end, tries } = solve(
      (planned) =>
        has(planned, 'libspam-dev')
          ? failure('404 Not Found', { class: 'infrastructure' })
          : has(planned, 'libegg-dev')
            ? missing('spam.h', apt('libspam-dev'))
            : missing('egg.h', apt('libegg-dev')),
      { ...older, pinned: false },
    );
    expect(tries.map(({ version }) => version)).toEqual(['2.0', '2.0', '2.0']);
    expect(end.kind === 'no-idea' && end.reason).toMatch(/2\.0 fails with infrastructure/);
  });

  test('a pinned one is not answered by another: the ways out are told in their order', () => {
    const { end, tries } = solve(() => tooOld, older);
    expect(tries).toHaveLength(1);
    expect(end.kind === 'no-idea' && end.reason).toMatch(/older release \(1\.9.*--policy manylinux_2_36.*sources/);
  });
});

test('whatever builds do, a solve ends, makes no edit twice and no recipe twice', () => {
  const classes: FailureClass[] = [
    'missing-header',
    'compile-error',
    'library-too-old',
    'build-requirement',
    'unknown',
  ];
  const edits = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i').map((name) => apt(name)),
    fc.constantFrom('egg<1', 'egg<2', 'cython<3').map((text) => ({ requires: { constraints: [text] } })),
    fc.constantFrom('X', 'Y').map((name) => ({ environment: { [name]: '1' } })),
  );
  const failures = fc.record({
    line: fc.constantFrom('one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'),
    class: fc.constantFrom(...classes),
    edit: fc.option(edits),
    guess: fc.boolean(),
  });
  const worlds = fc.array(fc.oneof({ weight: 5, arbitrary: failures }, { weight: 1, arbitrary: fc.constant(null) }), {
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(worlds, fc.boolean(), (world, pinned) => {
      let at = 0;
      const { tries, end } = solve(
        () => {
          const next = world[at++ % world.length];
          if (next === null || next === undefined) return 'succeeds';
          const { edit, guess, ...rest } = next;
          const base = failure(rest.line, { class: rest.class });
          return edit === null
            ? base
            : { ...base, proposal: { edit, why: 'perhaps', ...(guess ? { guess: true as const } : {}) } };
        },
        { pinned, olderVersions: ['1.9', '1.8', '1.7'], releasedOn: { '2.0': '2019-01-01', '1.9': '2018-01-01' } },
      );
      expect(tries.length).toBeLessThanOrEqual(MAX_PROVEN_TRIES);
      const made = tries.map(({ version, edits: list }) => JSON.stringify([version, list.map(({ edit }) => edit)]));
      expect(new Set(made).size).toBe(made.length);
      const added = tries
        .filter(({ purpose }) => purpose === 'edit')
        .map(({ version, edits: list }) => JSON.stringify([version, list.at(-1)?.edit]));
      expect(new Set(added).size).toBe(added.length);
      if (end.kind === 'solved') expect(tries[end.try]?.outcome.kind).toBe('succeeded');
      else expect(tries.some(({ outcome }) => outcome.kind === 'succeeded')).toBe(false);
    }),
  );
});

test('a newer library is built first where no older release works, and where none was asked for', () => {
  const sources = [
    {
      debian: { suite: 'trixie', package: 'ham', filename: 'ham_2.orig.tar.gz' },
      sha256: '0'.repeat(64),
      install: 'make',
    },
  ];
  const idea = { edit: { sources }, why: 'libham-dev here is 1.0, and trixie has ham 2.0', guess: true as const };
  const tooOld = failure('ham 2.0 is needed', { class: 'library-too-old', ideas: [idea] });
  const older = ['1.9', '1.8', '1.7', '1.6', '1.5', '1.4', '1.3', '1.2'];
  const world: World = (planned) => (has(planned, 'trixie') && planned.version === '2.0' ? 'succeeds' : tooOld);

  const pinned = solve(world, { olderVersions: older });
  expect(pinned.tries.map(({ version }) => version)).toEqual(['2.0', '2.0']);
  expect(pinned.end).toEqual({ kind: 'solved', try: 1 });

  const free = solve(world, { olderVersions: older, pinned: false });
  expect(free.tries.map(({ purpose }) => purpose)).toEqual(['first', ...Array(4).fill('older-release'), 'edit']);
  expect(free.end).toEqual({ kind: 'solved', try: 5 });

  const works = solve((planned) => (planned.version === '1.9' ? 'succeeds' : tooOld), {
    olderVersions: older,
    pinned: false,
  });
  expect(works.end).toMatchObject({ kind: 'solved', try: 1, reason: expect.stringContaining(idea.why) });
});

test('what a library built first was for is gone, so it is not taken away again', () => {
  const idea = {
    edit: { sources: [{ url: 'https://ham.example/ham.tar.gz', sha256: '0'.repeat(64), install: 'make' }] },
    why: 'newer',
    guess: true as const,
  };
  const { tries } = solve((planned) => {
    if (!has(planned, 'ham.example')) return failure('ham 2.0 is needed', { class: 'library-too-old', ideas: [idea] });
    return has(planned, 'libegg-dev') ? 'succeeds' : missing('egg.h', apt('libegg-dev'));
  });
  expect(tries.map(({ purpose }) => purpose)).toEqual(['first', 'edit', 'edit']);
});

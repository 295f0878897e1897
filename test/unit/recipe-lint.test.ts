import { describe, expect, test } from 'vitest';
import { lintRecipe } from '../../core/recipe/lint.js';

function faults(yaml: string): string[] {
  return lintRecipe(yaml).faults.map(({ line, column, path, message }) => `${line}:${column} ${path ?? ''} ${message}`);
}

describe('lintRecipe', () => {
  test('a sound recipe comes back without faults', () => {
    const { recipe, faults: found } = lintRecipe(
      'project: pyyaml\nversions: ">=5.4"\nsystem: { apt: [libyaml-dev] }\noverrides:\n  - { when: { versions: "<6" }, requires: { constraints: ["cython<3"] } }\n',
    );
    expect(found).toEqual([]);
    expect(recipe?.overrides?.[0]?.requires?.constraints).toEqual(['cython<3']);
  });

  test('all faults come at once, in the order of the text, each with its place', () => {
    expect(
      faults(
        [
          'project: pyyaml',
          'verisons: ">=5"',
          'system:',
          '  apt: [libyaml-dev, "x; rm -rf /"]',
          '  atp: [a]',
          'python: ">=3.9,<3.8"',
          'toolchains: [rustt]',
          'environment: { A: 1 }',
          'test: { imports: ["os; print()"] }',
        ].join('\n'),
      ),
    ).toEqual([
      '2:1 verisons unknown key "verisons"; did you mean "versions"?',
      '4:22 system.apt[1] "x; rm -rf /" is not the name of a Debian package',
      '5:3 system.atp unknown key "atp"; did you mean "apt"?',
      '6:1 python ">=3.9,<3.8" can be satisfied by no version',
      '7:14 toolchains[0] must be one of rust, fortran, java, go, cmake, swig, bazel',
      '8:16 environment.A must be a text; put it in quotes where YAML reads it as something else',
      '9:19 test.imports[0] "os; print()" is not the name of a module',
    ]);
  });

  test.each([
    ['project: a b', 'is not a project name'],
    ['project: x\nversions: "newest"', 'is not a set of version specifiers'],
    ['project: x\nversions: "==1.0,>2"', 'can be satisfied by no version'],
    ['project: x\nrequires: { constraints: ["-e ."] }', 'is not a requirement'],
    ['project: x\nrequires: { additions: ["numpy>=2,<1"] }', 'can be satisfied by no version'],
    ['project: x\nrequires: { as-of: 2024-13-40 }', 'Invalid'],
    ['project: x\noverrides: [{ when: {}, toolchains: [rust] }]', 'says nothing'],
    ['project: x\noverrides: [{ when: { policy: new } }]', 'is not a policy'],
    ['project: x\nrepair: { exclude: ["--plat"] }', 'is not a soname'],
    ['project: x\ndepends: [X]', 'is the project itself'],
    ['project: x\ndepends: ["y =< 2"]', 'is not a requirement'],
    [`project: x\nsources: [{ sha256: ${'a'.repeat(64)}, to: a }]`, 'says where it is from once'],
    [
      `project: x\nsources: [{ url: "https://a.example/b", sha256: ${'a'.repeat(64)} }]`,
      'says what becomes of it once',
    ],
    [
      `project: x\nsources: [{ url: "https://a.example/b", sha256: ${'a'.repeat(64)}, to: a, install: make }]`,
      'says what becomes of it once',
    ],
    [
      `project: x\nsources: [{ debian: { suite: "a b", package: x, filename: x.tar.gz }, sha256: ${'a'.repeat(64)}, to: a }]`,
      'Invalid string',
    ],
    [`project: x\nsources: [{ url: "file:///etc/passwd", sha256: "${'a'.repeat(64)}", to: "b" }]`, 'http or https'],
    [
      `project: x\nsources: [{ url: "https://upstream.example/a", sha256: "${'a'.repeat(64)}", to: "../b" }]`,
      'must stay inside',
    ],
    ['project: x\nsystem: { apt: [--allow-unauthenticated] }', 'is not the name of a Debian package'],
    ['project: x\nsystem: { apt: &names [a-b] }', 'anchors and aliases'],
    ['project: x\nproject: y', 'unique'],
    ['project: [', ''],
    ['', ''],
    ['- a', ''],
    ['project: x\nresources: { memory: lots }', ''],
    ['project: x\npatches: ["no diff"]', 'is not a unified diff'],
  ])('refuses %j', (yaml, message) => {
    const { recipe, faults: found } = lintRecipe(yaml);
    expect(recipe).toBeUndefined();
    expect(found.map((fault) => fault.message).join('\n')).toContain(message);
    for (const fault of found) expect(fault).toMatchObject({ line: expect.any(Number), column: expect.any(Number) });
  });

  test('refuses 10 MB, aliases that explode and endless nesting without parsing them', () => {
    const bomb = `a: &a [x]\n${Array.from({ length: 20 }, (_, i) => `${'b'.repeat(i + 1)}: &b${i} [*a, *a, *a]`).join('\n')}`;
    for (const yaml of [
      'x'.repeat(10_000_000),
      bomb,
      '['.repeat(100_000),
      `${'- '.repeat(50_000)}a`,
      `project: ${'{a: '.repeat(1000)}`,
    ]) {
      expect(lintRecipe(yaml).recipe).toBeUndefined();
      expect(lintRecipe(yaml).faults.length).toBeGreaterThan(0);
    }
  });
});

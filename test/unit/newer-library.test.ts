import { expect, test } from 'vitest';
import { WheelwrightError } from '../../core/errors.js';
import type { Failure } from '../../core/failure.js';
import { newerLibraries } from '../../core/newer-library.js';
import type { PackageIndex } from '../../core/package-index.js';
import type { SourcePackage } from '../../core/source-package.js';

const RULES = 'override_dh_auto_configure:\n\tdh_auto_configure -- -DUSE_PARSER=system -DBUILD_TESTS=ON\n';
const signal = new AbortController().signal;
const base: PackageIndex = { whoHas: async () => [], hasPackage: async (name) => name !== 'libnew-dev' };
const installed = [
  { name: 'libham-dev', version: '1.0.4-1' },
  { name: 'libegg2-dev', version: '1:2.1.0+dfsg-3' },
];

const source = (suite: string, version: string, more: Partial<SourcePackage> = {}): SourcePackage => ({
  suite,
  stable: suite === 'trixie',
  name: 'ham',
  version,
  filename: `ham_${version}.orig.tar.gz`,
  sha256: version.padEnd(64, '0'),
  sizeBytes: 1000,
  buildDepends: [['debhelper-compat']],
  ...more,
});
const SUITES = [source('bookworm', '1.2'), source('trixie', '1.5'), source('forky', '1.6')];

const tooOld = (line: string, more: Partial<Failure> = {}): Failure => ({
  class: 'library-too-old',
  line,
  lineNumber: 1,
  cause: '',
  ...more,
});

async function ideas(
  failure: Failure,
  sources: readonly SourcePackage[] = SUITES,
  recipe = {},
  rulesOf = async (_source: SourcePackage) => RULES,
) {
  const asked: string[] = [];
  const sourcesOf = async (name: string) => {
    asked.push(name);
    return [...sources];
  };
  const proposals = await newerLibraries(failure, { recipe, installed }, base, { sourcesOf, rulesOf }, signal);
  const edits = proposals.map(
    ({ edit }) => edit as { system?: { apt: string[] }; sources: { install: string; debian: { suite: string } }[] },
  );
  return { asked, proposals, edits, suites: edits.map(({ sources: [first] }) => first?.debian.suite) };
}

test('the oldest suite that has what the line asks for, then the newest', async () => {
  const { asked, proposals, suites } = await ideas(tooOld('#error "SPAM requires HAM 1.4.0 or later."'));
  expect(asked).toEqual(['libham-dev']);
  expect(suites).toEqual(['trixie', 'forky']);
  expect(proposals[0]).toMatchObject({
    edit: {
      sources: [
        { debian: { suite: 'trixie', package: 'ham', filename: 'ham_1.5.orig.tar.gz' }, sha256: SUITES[1]?.sha256 },
      ],
    },
    why: 'libham-dev here is 1.0.4, and trixie has ham 1.5',
    guess: true,
  });
});

test('where the line names no version, that of the newest release', async () => {
  expect((await ideas(tooOld('undefined symbol: ham_new_thing'))).suites).toEqual(['trixie', 'forky']);
});

test('nothing where no suite is new enough, the source is too large, or it was tried; no archive twice', async () => {
  expect((await ideas(tooOld('HAM >= 2.0 is required'))).suites).toEqual([]);
  expect((await ideas(tooOld('ham_new'), [source('trixie', '1.5'), source('forky', '1.5')])).suites).toEqual([
    'trixie',
  ]);
  expect((await ideas(tooOld('ham_new'), [source('bookworm', '1.0.4')])).suites).toEqual([]);
  expect((await ideas(tooOld('ham_new'), [source('trixie', '1.5', { sizeBytes: 1e9 })])).suites).toEqual([]);
  const used = { sources: [{ sha256: SUITES[1]?.sha256, install: 'make' }] };
  expect((await ideas(tooOld('HAM >= 1.4 is required'), SUITES, used)).suites).toEqual(['forky']);
});

test('a line that names no library is about one that the recipe asks for, a compiler’s line is not', async () => {
  const line = 'error: ‘FLAG_NEW’ undeclared';
  const recipe = { system: { apt: ['libegg2-dev'] } };
  expect((await ideas(tooOld(line), SUITES, recipe)).asked).toEqual(['libegg2-dev']);
  expect((await ideas(tooOld(line, { class: 'compile-error' }), SUITES, recipe)).asked).toEqual([]);
  expect((await ideas(tooOld('src/ham.c:1: error: ‘egg_new’ undeclared', { class: 'compile-error' }))).asked).toEqual([
    'libegg2-dev',
  ]);
});

test('a library that was built first and is too old as well is built first from a later suite', async () => {
  const sources = [{ debian: { suite: 'trixie', package: 'spam', filename: 'x' }, sha256: SUITES[1]?.sha256 }];
  const line = "Requested 'spam >= 1.6' but version of spam is 1.5";
  const { asked, suites } = await ideas(tooOld(line), SUITES, { system: { apt: ['libegg2-dev'] }, sources });
  expect([asked, suites]).toEqual([['libspam-dev'], ['forky']]);
});

test('a library that the base does not have at all is looked for by its name', async () => {
  const absent = tooOld('Dependency "spam" not found', {
    class: 'missing-library',
    missing: [{ kind: 'pkg-config', name: 'spam' }],
  });
  const { asked, suites, proposals } = await ideas(absent);
  expect([asked, suites]).toEqual([['libspam-dev'], ['trixie', 'forky']]);
  expect(proposals[0]?.why).toBe('the base has no libspam-dev, and trixie has ham 1.5');
  const proposal = { edit: { system: { apt: ['libspam-dev'] } }, why: 'it has it' };
  expect((await ideas({ ...absent, proposal })).asked).toEqual([]);
});

test('it is built as the distribution builds it, with the libraries that the base has of those it is built with', async () => {
  const buildDepends = [
    ['debhelper-compat'],
    ['meson'],
    ['libegg2-dev', 'libother-dev'],
    ['libnew-dev', 'libcurl-dev'],
    ['python3-dev'],
    ['doxygen'],
  ];
  const [first] = (await ideas(tooOld('ham_new'), [source('trixie', '1.5', { buildDepends })])).edits;
  expect(first?.system).toEqual({ apt: ['meson', 'libcurl-dev'] });
  expect(first?.sources[0]?.install).toMatch(/^meson setup/);
  const [cmake] = (await ideas(tooOld('ham_new'), [source('trixie', '1.5', { buildDepends: [['cmake']] })])).edits;
  expect(cmake?.system).toBeUndefined();
  expect(cmake?.sources[0]?.install).toMatch(/^cmake -S .* -DBUILD_SHARED_LIBS=ON -DBUILD_STATIC_LIBS=OFF /);
  for (const script of [first, cmake].map((edit) => edit?.sources[0]?.install)) {
    // What is installed into /etc would end the build.
    expect(script).toMatch(
      /\nDESTDIR="\$PWD\/wheelwright-root" \S+ .*install.*\n.*\ncp -a "wheelwright-root\$PREFIX\/\." "\$PREFIX"\n$/,
    );
  }
  const [plain] = (await ideas(tooOld('ham_new'))).edits;
  expect(plain?.sources[0]?.install).toMatch(/\.\/configure --prefix="\$PREFIX"/);
});

test('a repacked archive is configured as the distribution does it', async () => {
  const repacked = source('trixie', '1.5', { filename: 'ham_1.5+ds.orig.tar.xz', buildDepends: [['cmake']] });
  const script = async (each: SourcePackage) => (await ideas(tooOld('ham_new'), [each])).edits[0]?.sources[0]?.install;
  expect(await script(repacked)).toMatch(/^cmake .* -DBUILD_EXAMPLES=OFF -DUSE_PARSER=system\n/);
  expect(await script({ ...repacked, filename: 'ham_1.5.orig.tar.xz' })).not.toContain('USE_PARSER');
});

test('a source that the mirror lists and lacks leaves those of the other suites', async () => {
  const repacked = SUITES.map((each) => ({ ...each, filename: `ham_${each.version}+ds.orig.tar.xz` }));
  const lacking = (suites: RegExp) => async (each: SourcePackage) => {
    if (suites.test(each.suite)) throw new WheelwrightError('unavailable', '404 Not Found');
    return RULES;
  };
  expect((await ideas(tooOld('ham_new'), repacked, {}, lacking(/forky/))).suites).toEqual(['trixie']);
  await expect(ideas(tooOld('ham_new'), repacked, {}, lacking(/./))).rejects.toThrow('404');
});

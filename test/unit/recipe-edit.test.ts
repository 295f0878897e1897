import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { diffTexts, editRecipe, mergeEdit } from '../../core/recipe/edit.js';

test('an edit is merged into the text, and what it does not touch keeps its comments', () => {
  const before = '# ours\nproject: spam # the name\nsystem: { apt: [libfoo-dev] }\ntoolchains: [rust]\n';
  const after = editRecipe(before, { system: { apt: ['libbar-dev', 'libfoo-dev'] }, environment: { SPAM: '1' } });
  expect(after).toContain('# ours\nproject: spam # the name\n');
  expect(after).toContain('- libfoo-dev\n    - libbar-dev\n');
  expect(after).toContain('toolchains: [ rust ]');
  expect(after).toContain('environment:\n  SPAM: "1"');
});

test('what a second edit brings is in addition: its script, flags and folders', () => {
  const first = { prepare: 'one\n', environment: { CFLAGS: '-a', CPATH: '/a', SPAM: '1' } };
  const second = { prepare: 'two\n', environment: { CFLAGS: '-b', CPATH: '/b', SPAM: '2' } };
  const both = { prepare: 'one\ntwo\n', environment: { CFLAGS: '-a -b', CPATH: '/a:/b', SPAM: '2' } };
  expect(mergeEdit(first, second)).toEqual(both);
  expect(mergeEdit(both, second)).toEqual(both);
  expect(mergeEdit({ prepare: 'one' }, { prepare: 'two\n' })).toEqual({ prepare: 'one\ntwo\n' });
  expect(editRecipe('project: spam\nprepare: |\n  one\n', { prepare: 'two\n' })).toBe(
    'project: spam\nprepare: |\n  one\n  two\n',
  );
});

test('a script stays as it is, however long its lines', () => {
  const install = `configure ${'--with-ham '.repeat(20)}\nmake\n`;
  const yaml = editRecipe('project: spam\n', { prepare: install });
  expect(yaml).toContain(`prepare: |\n  configure`);
  expect(parse(yaml).prepare).toBe(install);
});

test('a source comes before those that are there, and takes the place of another of its package', () => {
  const ham = { debian: { suite: 'a', package: 'ham', filename: 'ham_1' }, sha256: '1', install: 'make' };
  const newer = { ...ham, sha256: '2' };
  const egg = { url: 'https://forge.example/egg', sha256: '3', install: 'make' };
  expect(mergeEdit({ sources: [ham] }, { sources: [egg] }).sources).toEqual([egg, ham]);
  expect(mergeEdit({ sources: [egg, ham] }, { sources: [newer] }).sources).toEqual([newer, egg]);
});

test('a difference tells every line once', () => {
  expect(diffTexts('a\nb\nc\n', 'a\nB\nc\n')).toEqual([
    { sign: ' ', text: 'a' },
    { sign: '-', text: 'b' },
    { sign: '+', text: 'B' },
    { sign: ' ', text: 'c' },
  ]);
});

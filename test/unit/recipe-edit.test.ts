import { expect, test } from 'vitest';
import { diffTexts, editRecipe, mergeEdit } from '../../core/recipe-edit.js';

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

test('a difference tells every line once', () => {
  expect(diffTexts('a\nb\nc\n', 'a\nB\nc\n')).toEqual([
    { sign: ' ', text: 'a' },
    { sign: '-', text: 'b' },
    { sign: '+', text: 'B' },
    { sign: ' ', text: 'c' },
  ]);
});

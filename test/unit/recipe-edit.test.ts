import { expect, test } from 'vitest';
import { diffTexts, editRecipe } from '../../core/recipe-edit.js';

test('an edit is merged into the text, and what it does not touch keeps its comments', () => {
  const before = '# ours\nproject: spam # the name\nsystem: { apt: [libfoo-dev] }\ntoolchains: [rust]\n';
  const after = editRecipe(before, { system: { apt: ['libbar-dev', 'libfoo-dev'] }, environment: { SPAM: '1' } });
  expect(after).toContain('# ours\nproject: spam # the name\n');
  expect(after).toContain('- libfoo-dev\n    - libbar-dev\n');
  expect(after).toContain('toolchains: [ rust ]');
  expect(after).toContain('environment:\n  SPAM: "1"');
});

test('a difference tells every line once', () => {
  expect(diffTexts('a\nb\nc\n', 'a\nB\nc\n')).toEqual([
    { sign: ' ', text: 'a' },
    { sign: '-', text: 'b' },
    { sign: '+', text: 'B' },
    { sign: ' ', text: 'c' },
  ]);
});

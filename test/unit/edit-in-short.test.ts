import { expect, test } from 'vitest';
import { editInShort } from '../../core/edit-in-short.js';

test('a script is told by its first comment, a source by its archive; what is short is told in full', () => {
  const filename = 'ham_1.5.orig.tar.gz';
  expect(
    editInShort({
      system: { apt: ['libegg-dev'] },
      sources: [{ debian: { filename }, sha256: '0'.repeat(64), install: 'make\nmake install\n' }],
      prepare: '# The ham is sliced.\nslice ham\n',
    }),
  ).toBe(
    `{"system":{"apt":["libegg-dev"]},"sources":[{"debian":{"filename":"${filename}"}}],"prepare":"The ham is sliced."}`,
  );
  expect(editInShort({ prepare: 'slice ham\n' })).toBe('{"prepare":"slice ham\\n"}');
});

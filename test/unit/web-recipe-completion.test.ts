import { expect, test } from 'vitest';
import { recipeJsonSchema } from '../../core/recipe/keys.js';
import { suggest } from '../../web/src/recipe/completion.js';

const schema = JSON.parse(JSON.stringify(recipeJsonSchema()));
const offered = (text: string) => suggest(text.split('\n'), schema)?.options.map(({ label }) => label) ?? [];

test.each([
  ['', ['project', 'versions', 'system', 'overrides']],
  ['project: x\nsys', ['system', 'toolchains']],
  ['system:\n  ', ['apt', 'dnf']],
  ['requires:\n  constraints:\n    - cython<3\n  ', ['constraints', 'additions', 'as-of']],
  ['overrides:\n  - when:\n      ', ['versions', 'python', 'policy']],
  ['overrides:\n  - ', ['when', 'system']],
  ['overrides:\n  - when: { versions: "<6" }\n    ', ['when', 'system', 'requires']],
  ['toolchains:\n  - ', ['rust', 'fortran', 'cmake']],
  ['toolchains: [', ['rust', 'fortran', 'cmake']],
  ['toolchains: [rust, ', ['rust', 'fortran', 'cmake']],
  ['system: { ', ['apt', 'dnf']],
  ['system: { apt: [libfoo-dev], ', ['apt', 'dnf']],
])('after %j', (text, expected) => {
  expect(offered(text)).toEqual(expect.arrayContaining(expected));
});

test('keys of one map are not offered in another', () => {
  expect(offered('system:\n  ')).not.toContain('project');
  expect(offered('system:\n  apt: [x]\n')).not.toContain('apt');
  expect(offered('project: ')).toEqual([]);
});

test('what is typed already is replaced, and each key says what it means', () => {
  const found = suggest(['project: x', 'test:', '  impo'], schema);
  expect(found?.from).toBe(2);
  expect(found?.options.find(({ label }) => label === 'imports')).toMatchObject({
    insert: 'imports: ',
    description: expect.stringContaining('import'),
  });
});

import { expect, test } from 'vitest';
import { optionalParts } from '../../core/optional-parts.js';

test('a part that does not import may be optional, but not all that is compiled', () => {
  expect(optionalParts(['ham', 'ham._egg'], ['ham._spam'], ['ham._egg', 'ham._spam'])).toMatchObject([
    { edit: { test: { 'skip-imports': ['ham._spam'] } }, guess: true },
  ]);
  expect(optionalParts(['ham'], ['ham._spam'], ['ham._spam'])).toEqual([]);
  expect(optionalParts([], ['ham'], [])).toEqual([]);
  expect(optionalParts(['ham._egg'], ['ham'], ['ham._egg'])).toEqual([]);
  expect(optionalParts(['hamlet', 'ham._egg'], ['ham'], [])[0]?.why).toContain('hamlet can be imported');
});

test('a module that asks its library, or Python, for what that does not have is broken, not optional', () => {
  const ideas = (failure: Parameters<typeof optionalParts>[3]) =>
    optionalParts(['ham', 'ham._egg'], ['ham._spam'], ['ham._egg', 'ham._spam'], failure);
  expect(ideas({ class: 'library-too-old', line: 'libspam.so.1: version not found' })).toEqual([]);
  expect(ideas({ class: 'python-too-new', line: 'ImportError: ham/_spam.so: undefined symbol: PyEgg_OLD' })).toEqual(
    [],
  );
  expect(ideas({ class: 'python-too-new', line: "ModuleNotFoundError: No module named 'imp'" })).toHaveLength(1);
});

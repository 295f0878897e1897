import { expect, test } from 'vitest';
import { matchLibraries, missingDepends } from '../../worker/shared-libraries.js';

const LXML = ['libxml2-8bd8ed9c.so.2.9.10', 'libxslt-12345678.so.1.1.34'];

test('equal names are one library, which the loader maps once', () => {
  expect(matchLibraries(['libxml2-8bd8ed9c.so.2.9.10', 'libxmlsec1-aaaaaaaa.so.1'], LXML)).toEqual({
    shared: ['libxml2-8bd8ed9c.so.2.9.10'],
    differing: [],
  });
});

test('the same library with other bytes is found, also where its version differs', () => {
  expect(matchLibraries(['libxml2-00000000.so.2.9.14'], LXML)).toEqual({
    shared: [],
    differing: [['libxml2-00000000.so.2.9.14', 'libxml2-8bd8ed9c.so.2.9.10']],
  });
});

test('another major version is another library', () => {
  expect(matchLibraries(['libxml2-00000000.so.16.0.5'], LXML)).toEqual({ shared: [], differing: [] });
});

test('what has not been built yet is named as the recipe names it', () => {
  const recipe = { depends: ['LXML<6', 'other'] };
  expect(missingDepends({ recipe })).toEqual(['LXML<6', 'other']);
  const lxml = { project: 'lxml', version: '5', filename: '', sha256: '', url: '', grafted: [] };
  expect(missingDepends({ recipe, depends: [lxml] })).toEqual(['other']);
});

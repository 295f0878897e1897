import { describe, expect, test } from 'vitest';
import { patchFault } from '../../core/patch.js';
import { specifierFault } from '../../core/specifier-check.js';

const GOOD = ['--- a/setup.py', '+++ b/setup.py', '@@ -1,3 +1,3 @@ import os', ' one', '-two', '+2', '', ''].join('\n');

describe('patchFault', () => {
  test('takes what diff writes: new and deleted files, notes between files, no newline at the end', () => {
    expect(patchFault(GOOD)).toBeUndefined();
    const added = '--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1 @@\n+hello\n\\ No newline at end of file\n';
    expect(patchFault(`diff --git a/x b/x\nindex 1..2\n${GOOD}${added}`)).toBeUndefined();
  });

  test.each([
    ['', 'no hunk'],
    ['just text', 'no hunk'],
    [GOOD.replace('+++ b/setup.py\n', ''), 'no "+++" line'],
    [GOOD.replace('b/setup.py', '../../etc/passwd'), 'not inside the sdist'],
    [GOOD.replace('a/setup.py', '/etc/passwd'), 'not inside the sdist'],
    [GOOD.replace('-1,3', '-1,9'), 'ends in the middle'],
    [GOOD.replace('-1,3 +1,3', '-1 +1'), 'more lines'],
    [GOOD.replace('@@ -1,3', '@@ one'), 'broken hunk header'],
    [GOOD.replace('-two', '*two'), 'neither context'],
    [GOOD.split('\n').slice(2).join('\n'), 'before it names a file'],
  ])('refuses %j', (patch, message) => {
    expect(patchFault(patch)).toContain(message);
  });
});

describe('specifierFault', () => {
  test.each(['', '>=1', '>=1,<2', '==1.*', '~=1.4', '>=1,!=1.5,<=2', '==1.0,>=1', '>1,<1.0.1'])(
    '%j can be satisfied',
    (text) => {
      expect(specifierFault(text)).toBeUndefined();
    },
  );

  test.each(['>=2,<1', '>1,<1', '>=1,<1', '==1,==2', '==1.0,>2', '~=2.0,<1'])('%j cannot', (text) => {
    expect(specifierFault(text)).toBe('can be satisfied by no version');
  });

  test.each(['1.0', '=>1', 'newest', '>=a'])('%j is none', (text) => {
    expect(specifierFault(text)).toContain('PEP 440');
  });
});

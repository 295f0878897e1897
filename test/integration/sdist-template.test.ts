// What a script that an idea proposes does to a file.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Failure } from '../../core/failure.js';
import { sdistIdeas } from '../../core/sdist-ideas.js';

const failure: Failure = { class: 'network-needed', phase: 'build', line: '', lineNumber: 1, cause: '' };

test('the script of a filled template sets every switch for a system library, and nothing else', () => {
  const template = {
    path: 'hamsetup.cfg.template',
    text: '# Rename this file to hamsetup.cfg\n[libs]\n#enable_lto = True\n#system_ham = False\n#system_egg = False\n',
  };
  const [idea] = sdistIdeas(failure, [template], [template.path]);
  const folder = mkdtempSync(join(tmpdir(), 'sdist-ideas-'));
  writeFileSync(join(folder, template.path), template.text);
  execFileSync('sh', ['-c', String(idea?.edit.prepare)], { cwd: folder });
  expect(readFileSync(join(folder, 'hamsetup.cfg'), 'utf8').split('\n').slice(2, 5)).toEqual([
    '#enable_lto = True',
    'system_ham = True',
    'system_egg = True',
  ]);
  rmSync(folder, { recursive: true });
});

import { expect, test } from 'vitest';
import { parseDependencyFile } from '../../core/dependency-file.js';

const target = { python: 'cp313', arch: 'x86_64' };
const read = (text: string) => {
  const { kind, requirements, skipped } = parseDependencyFile(text, target);
  return {
    kind,
    requirements: requirements.map(({ name, specifier }) => `${name}${specifier}`),
    skipped: skipped.map(({ text }) => text),
  };
};

test('a requirements.txt with hashes, comments, options and what no index has', () => {
  const text = [
    '\ufeff# made by a tool',
    '--index-url https://upstream.example/simple/',
    'Spam_Eggs[extra]==1.0 \\',
    '    --hash=sha256:abc \\',
    '    --hash=sha256:def',
    'bacon >= 2, < 3  # why',
    "old ; python_version < '3'",
    '-r more.txt',
    '-e git+https://upstream.example/x#egg=x',
    'direct @ https://upstream.example/direct.whl',
    './local.whl',
  ].join('\r\n');
  expect(read(text)).toEqual({
    kind: 'requirements.txt',
    requirements: ['spam-eggs==1.0', 'bacon>=2,<3', 'old'],
    skipped: [
      '-r more.txt',
      '-e git+https://upstream.example/x#egg=x',
      'direct @ https://upstream.example/direct.whl',
      './local.whl',
    ],
  });
});

test('a pylock.toml: markers for the target, folders and repositories apart', () => {
  const text = `
lock-version = "1.0"
[[packages]]
name = "spam"
version = "1.0"
[[packages]]
name = "winonly"
version = "2.0"
marker = "sys_platform == 'win32'"
[[packages]]
name = "ours"
directory = { path = "." }
`;
  expect(read(text)).toEqual({ kind: 'pylock.toml', requirements: ['spam==1.0'], skipped: ['ours'] });
});

test('a uv.lock: what the project reaches on the target, with extras, without development groups', () => {
  const registry = 'source = { registry = "https://upstream.example/simple" }';
  const text = `
version = 1
requires-python = ">=3.11"
[[package]]
name = "app"
version = "0.1.0"
source = { virtual = "." }
dependencies = [
  { name = "spam", extra = ["fast"] },
  { name = "winonly", marker = "sys_platform == 'win32'" },
  { name = "forked", version = "2.0", marker = "python_full_version >= '3.13'" },
  { name = "forked", version = "1.0", marker = "python_full_version < '3.13'" },
  { name = "repo" },
]
[package.dev-dependencies]
dev = [{ name = "linter" }]
[[package]]
name = "spam"
version = "1.0"
${registry}
[package.optional-dependencies]
fast = [{ name = "speed" }]
[[package]]
name = "speed"
version = "3.0"
${registry}
[[package]]
name = "winonly"
version = "1.0"
${registry}
[[package]]
name = "forked"
version = "1.0"
${registry}
[[package]]
name = "forked"
version = "2.0"
${registry}
[[package]]
name = "linter"
version = "1.0"
${registry}
[[package]]
name = "repo"
version = "1.0"
source = { git = "https://upstream.example/repo?rev=main" }
`;
  const found = read(text);
  expect({ ...found, requirements: found.requirements.toSorted() }).toEqual({
    kind: 'uv.lock',
    requirements: ['forked==2.0', 'spam==1.0', 'speed==3.0'],
    skipped: ['repo'],
  });
});

test('other TOML is refused with the way on', () => {
  expect(() => read('[project]\nname = "app"\n')).toThrow(/neither a pylock.toml nor a uv.lock/);
});

test('an empty file asks for nothing', () => {
  expect(read('# nothing\n')).toEqual({ kind: 'requirements.txt', requirements: [], skipped: [] });
});

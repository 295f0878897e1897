import { describe, expect, test } from 'vitest';
import { decideFile, isReserved, parseIndexPolicy, rulesFor, upstreamsFor } from '../../core/index-policy.js';

const policy = (document: unknown) => parseIndexPolicy(document, 'index.yaml');
const file = (filename: string, more = {}) => ({
  filename,
  url: 'https://upstream.example/f',
  hashes: { sha256: 'a'.repeat(64) },
  ...more,
});

describe('the policy file', () => {
  test('empty: one upstream, wheels only, everything allowed', () => {
    for (const empty of [{}, null, undefined]) {
      expect(upstreamsFor(policy(empty), 'demo').map(({ name }) => name)).toEqual(['default']);
      expect(rulesFor(policy(empty), 'demo')).toEqual({ access: 'allow', wheelsOnly: true, cooldownDays: 0 });
    }
  });

  test.each([
    [{ rule: [] }, 'Unrecognized key: "rule"'],
    [{ rules: [{ projects: ['demo'], cooldown: 3 }] }, 'Unrecognized key: "cooldown"'],
    [{ rules: [{ projects: ['Demo_Pkg'] }] }, 'a pattern is a normalised project name'],
    [{ rules: [{ projects: [] }] }, 'rules.0.projects'],
    [{ rules: [{ projects: ['*'], versions: 'newest' }] }, 'PEP 440 specifiers'],
    [{ upstreams: [{ name: 'x', url: 'file:///x' }] }, 'upstreams.0.url'],
    [{ upstreams: [{ name: 'x' }, { name: 'x', projects: ['a-*'] }] }, 'upstreams: two upstreams have the same name'],
    [{ upstreams: [{ name: 'x', 'file-hosts': ['https://files.example'] }] }, 'without https:// and without a port'],
    [{ upstreams: [{ name: 'x', 'file-hosts': ['files.example:443'] }] }, 'upstreams.0.file-hosts.0'],
    [{ upstreams: [{ name: 'x', 'file-hosts': ['Files.Example'] }] }, 'in lower case'],
  ])('%j is refused with the place and the reason', (document, message) => {
    expect(() => policy(document)).toThrow(message);
  });

  test('later rules replace single keys of earlier ones', () => {
    const rules = [
      { projects: ['*'], 'cooldown-days': 7 },
      { projects: ['acme-*'], 'cooldown-days': 0, 'wheels-only': false },
      { projects: ['acme-x'], versions: '<2' },
    ];
    expect(rulesFor(policy({ rules }), 'acme-x')).toEqual({
      access: 'allow',
      wheelsOnly: false,
      cooldownDays: 0,
      versions: '<2',
    });
    expect(rulesFor(policy({ rules }), 'acme').cooldownDays).toBe(7);
  });
});

test('a reserved prefix ends in a dash and is no name of its own', () => {
  expect(['acme', 'acme-x', 'acmex'].map((name) => isReserved(['acme-'], name))).toEqual([false, true, false]);
  expect(['acme', 'acme-x'].map((name) => isReserved(['acme'], name))).toEqual([true, false]);
});

describe('one file', () => {
  const rules = rulesFor(policy({}), 'demo');
  const now = Date.UTC(2026, 0, 10);

  test.each([
    ['demo-1.0-py3-none-any.whl', true],
    ['Demo-1.0-py3-none-any.whl', true],
    ['demo-1.0.tar.gz', false],
    ['demo-1.0.exe', false],
    ['demo-1.0-py3.8.egg', false],
    ['other-1.0-py3-none-any.whl', false],
    ['demo-1.0-py3-none-any-variant.whl', false],
    ['demo-notaversion-py3-none-any.whl', false],
  ])('%s: %s', (filename, offered) => {
    expect(decideFile(file(filename), 'demo', 'upstream', rules, now).offered).toBe(offered);
  });

  test('the cooldown ends at a time that is known in advance, and is not for wheels built here', () => {
    const cool = { ...rules, cooldownDays: 7 };
    const young = file('demo-1.0-py3-none-any.whl', { uploadTime: '2026-01-05T00:00:00Z' });
    expect(decideFile(young, 'demo', 'upstream', cool, now)).toMatchObject({
      offered: false,
      until: Date.UTC(2026, 0, 12),
    });
    expect(decideFile(young, 'demo', 'upstream', cool, Date.UTC(2026, 0, 12)).offered).toBe(true);
    expect(decideFile(young, 'demo', 'here', cool, now).offered).toBe(true);
    expect(decideFile(file('demo-1.0-py3-none-any.whl'), 'demo', 'upstream', cool, now).offered).toBe(false);
  });
});

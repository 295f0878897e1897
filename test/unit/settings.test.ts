import { describe, expect, test } from 'vitest';
import { indexUrl, parseSettings, SETTINGS } from '../../core/settings.js';

/** docs/settings.md is this text; `npx vitest run --project unit -u` rewrites it. */
function renderSettings(): string {
  const rows = Object.entries(SETTINGS).map(([name, form]) => {
    const fallback = form.safeParse(undefined).data;
    const shown = fallback === undefined ? '' : `\`${String(fallback)}\``;
    return `| \`${name}\` | ${shown} | ${form.description ?? ''} |`;
  });
  return `# Settings

Environment variables of every program; written from core/settings.ts. Sizes are bytes and times milliseconds unless said otherwise.

| variable | default | meaning |
|---|---|---|
${rows.join('\n')}
`;
}

describe('settings', () => {
  test('docs/settings.md says what the code says', async () => {
    await expect(renderSettings()).toMatchFileSnapshot('../../docs/settings.md');
  });

  test('every setting says what it means', () => {
    expect(Object.entries(SETTINGS).filter(([, form]) => !form.description)).toEqual([]);
  });

  test('a misspelt variable is an error, not ignored', () => {
    expect(() => parseSettings({ WHEELWRIGHT_DTAA: 'x' })).toThrow(/WHEELWRIGHT_DTAA is not a setting/);
  });

  test('all faults are told at once', () => {
    expect(() => parseSettings({ WHEELWRIGHT_API_PORT: 'http', WHEELWRIGHT_WORKER_SLOTS: '0' })).toThrow(
      /WHEELWRIGHT_API_PORT.*WHEELWRIGHT_WORKER_SLOTS/,
    );
  });

  test('an empty variable is an unset one', () => {
    expect(parseSettings({ WHEELWRIGHT_API_PORT: '' }).WHEELWRIGHT_API_PORT).toBe(8080);
  });

  test('a base URL has no trailing slash', () => {
    expect(indexUrl(parseSettings({ WHEELWRIGHT_INDEX_URL: 'https://wheels.example/py/' }))).toBe(
      'https://wheels.example/py',
    );
  });
});

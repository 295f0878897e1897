import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { encodedPage, renderedPage } from '../../index-server/rendered-page.js';

const lines = (count: number) => Array.from({ length: count }, (_, at) => `line ${at}`);
const page = (files: string[], earlier?: ReturnType<typeof renderedPage>) => {
  const parts = [{ bytes: Buffer.from('<'), more: true }];
  for (let at = 0; at < files.length; at += 250) {
    parts.push({ bytes: Buffer.from(`${files.slice(at, at + 250).join(',')},`), more: at + 250 < files.length });
  }
  return renderedPage([...parts, { bytes: Buffer.from('>'), more: false }], files.length, 'gzip', earlier);
};
const textOf = async (rendered: ReturnType<typeof renderedPage>) =>
  gunzipSync((await encodedPage(rendered, 'gzip')).body).toString();

describe('a page in pieces', () => {
  test.each([0, 1, 249, 250, 251, 500, 501, 750, 2000])('of %i lines is one text, compressed or not', async (count) => {
    const rendered = page(lines(count));
    const whole = `<${lines(count)
      .map((line) => `${line},`)
      .join('')}>`;
    expect(await textOf(rendered)).toBe(whole);
    expect((await encodedPage(rendered, 'identity')).body.toString()).toBe(whole);
  });

  test('that grew compresses only the piece that changed again', async () => {
    const before = page(lines(1010));
    await textOf(before);
    const after = page(lines(1011), before);
    expect(await textOf(after)).toBe(`<${lines(1011).join(',')},>`);
    const same = after.pieces.map((piece, at) => piece.deflated === before.pieces[at]?.deflated);
    expect(same).toEqual([true, true, true, true, true, false, true]);
  });

  test('has another tag for other bytes, and the same for the same', async () => {
    const tags = async (files: string[]) =>
      Promise.all((['gzip', 'identity'] as const).map(async (coding) => (await encodedPage(page(files), coding)).etag));
    const first = await tags(lines(600));
    expect(await tags(lines(600))).toEqual(first);
    expect(new Set([...first, ...(await tags(lines(601)))]).size).toBe(4);
  });
});

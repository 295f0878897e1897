import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ask } from '../support/http-ask.js';
import { type IndexSite, openIndexSite } from '../support/index-site.js';
import { makeWheel } from '../support/wheel.js';

const JSON_TYPE = 'application/vnd.pypi.simple.v1+json';
const json = { accept: JSON_TYPE };

let site: IndexSite;
beforeEach(() => {
  site = openIndexSite();
});
afterEach(() => site.close());

const page = async (url: string, path: string) => JSON.parse((await ask(url, path, json)).text);

describe('a project page', () => {
  test('says everything that is known of a file, in JSON and in HTML alike', async () => {
    const wheel = makeWheel('demo_pkg-1.0-py3-none-any.whl');
    await site.publish(wheel, { requiresPython: '>=3.8,<4', yanked: 'broken <here>', provenance: '{"version":1}' });
    const { url } = await site.start({ publicUrl: 'https://wheels.example/prefix' });
    const { files, ...rest } = await page(url, '/simple/demo-pkg/');
    expect(rest).toEqual({ meta: { 'api-version': '1.4' }, name: 'demo-pkg', versions: ['1.0'] });
    const metadata = await ask(url, `/files/demo-pkg/${wheel.sha256}/${wheel.filename}.metadata`);
    const metadataSha256 = createHash('sha256').update(metadata.body).digest('hex');
    expect(files).toEqual([
      {
        filename: wheel.filename,
        url: `../../files/demo-pkg/${wheel.sha256}/${wheel.filename}`,
        hashes: { sha256: wheel.sha256 },
        'requires-python': '>=3.8,<4',
        size: wheel.bytes.length,
        'upload-time': '2026-01-01T00:00:00.000Z',
        yanked: 'broken <here>',
        'core-metadata': { sha256: metadataSha256 },
        provenance: `https://wheels.example/prefix/integrity/demo-pkg/1.0/${wheel.filename}/provenance`,
      },
    ]);
    const html = (await ask(url, '/simple/demo-pkg/', { accept: 'text/html' })).text;
    expect(html).toContain('<!DOCTYPE html>');
    expect(html).toContain('<meta name="pypi:repository-version" content="1.4">');
    expect(html).toContain(
      `<a href="../../files/demo-pkg/${wheel.sha256}/${wheel.filename}#sha256=${wheel.sha256}" data-requires-python="&gt;=3.8,&lt;4"` +
        ` data-yanked="broken &lt;here&gt;" data-core-metadata="sha256=${metadataSha256}"`,
    );
    expect(html).toContain(
      `data-provenance="https://wheels.example/prefix/integrity/demo-pkg/1.0/${wheel.filename}/provenance"`,
    );
  });

  test('omits what is not known rather than saying null or false', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    site.change('demo', 'UPDATE files SET metadata_sha256 = NULL');
    const { url } = await site.start();
    const [file] = (await page(url, '/simple/demo/')).files;
    expect(Object.keys(file).sort()).toEqual(['filename', 'hashes', 'size', 'upload-time', 'url', 'yanked']);
    expect((await ask(url, '/simple/demo/')).text).not.toMatch(/data-(core|dist-info)-metadata|data-yanked/);
  });

  test('shows a status other than active', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    site.change('demo', "UPDATE projects SET status = 'deprecated', status_reason = 'use \"other\"'");
    const { url } = await site.start();
    expect((await page(url, '/simple/demo/'))['project-status']).toEqual({
      status: 'deprecated',
      reason: 'use "other"',
    });
    expect((await ask(url, '/simple/demo/')).text).toContain(
      '<meta name="pypi:project-status" content="deprecated">\n<meta name="pypi:project-status-reason" content="use &quot;other&quot;">',
    );
  });

  test('offers nothing of a quarantined project, and neither do its files', async () => {
    const wheel = makeWheel('demo-1.0-py3-none-any.whl');
    await site.publish(wheel, { provenance: '{}' });
    site.change('demo', "UPDATE projects SET status = 'quarantined'");
    const { url } = await site.start();
    const shown = await page(url, '/simple/demo/');
    expect([shown['project-status'], shown.files]).toEqual([{ status: 'quarantined' }, []]);
    for (const path of [
      `/files/demo/${wheel.sha256}/${wheel.filename}`,
      `/files/demo/${wheel.sha256}/${wheel.filename}.metadata`,
      `/integrity/demo/1.0/${wheel.filename}/provenance`,
    ]) {
      expect((await ask(url, path)).status).toBe(403);
    }
  });

  test('is at its normalised name with a slash; other spellings are redirected by relative URLs that keep the query', async () => {
    await site.publish(makeWheel('demo_pkg-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    const locations = async (path: string) => {
      const { status, headers } = await ask(url, path);
      return [status, headers.location];
    };
    expect(await locations('/simple')).toEqual([301, 'simple/']);
    expect(await locations('/trial/simple')).toEqual([301, 'simple/']);
    expect(await locations('/simple/demo-pkg?format=text/html')).toEqual([301, 'demo-pkg/?format=text/html']);
    expect(await locations('/simple/Demo.pkg')).toEqual([301, 'demo-pkg/']);
    expect(await locations('/simple/Demo__Pkg/')).toEqual([301, '../demo-pkg/']);
  });
});

describe('negotiation', () => {
  test.each([
    [undefined, 'text/html; charset=utf-8'],
    ['*/*', 'text/html; charset=utf-8'],
    ['text/html', 'text/html; charset=utf-8'],
    ['application/vnd.pypi.simple.v1+json', JSON_TYPE],
    ['application/vnd.pypi.simple.latest+json', JSON_TYPE],
    ['application/vnd.pypi.simple.v1+html', 'application/vnd.pypi.simple.v1+html; charset=utf-8'],
    ['application/vnd.pypi.simple.latest+html', 'application/vnd.pypi.simple.v1+html; charset=utf-8'],
    ['application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01', JSON_TYPE],
    ['application/vnd.pypi.simple.v1+json, */*;q=0.1', JSON_TYPE],
    ['application/vnd.pypi.simple.v1+json;q=0.2, text/html;q=0.9', 'text/html; charset=utf-8'],
    ['text/html;q=0, */*', JSON_TYPE],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html; charset=utf-8'],
  ])('%s gets %s', async (accept, type) => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    const { status, headers } = await ask(url, '/simple/demo/', accept === undefined ? {} : { accept });
    expect([status, headers['content-type']]).toEqual([200, type]);
    expect(headers.vary).toBe('Accept, Accept-Encoding');
  });

  test('answers 406 when nothing fits, and the format of the query beats Accept', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    for (const path of ['/simple/', '/simple/demo/']) {
      expect((await ask(url, path, { accept: 'application/vnd.pypi.simple.v2+json' })).status).toBe(406);
      expect((await ask(url, `${path}?format=text/plain`, json)).status).toBe(406);
      for (const format of ['application/vnd.pypi.simple.v1+json', 'application%2Fvnd.pypi.simple.latest%2Bjson']) {
        expect((await ask(url, `${path}?format=${format}`, { accept: 'text/html' })).headers['content-type']).toBe(
          JSON_TYPE,
        );
      }
    }
  });

  test('compresses pages with what the client takes, each coding under a validator of its own', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    const plain = await ask(url, '/simple/demo/', json);
    const gzip = await ask(url, '/simple/demo/', { ...json, 'accept-encoding': 'gzip, deflate' });
    expect(gunzipSync(gzip.body)).toEqual(plain.body);
    expect(gzip.headers['content-encoding']).toBe('gzip');
    expect(gzip.headers.etag).not.toBe(plain.headers.etag);
    expect(
      (await ask(url, '/simple/demo/', { ...json, 'accept-encoding': 'gzip;q=0' })).headers['content-encoding'],
    ).toBeUndefined();
  });
});

describe('validators', () => {
  test('a strong ETag gives 304 until the project changes, and other projects do not change it', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    const first = await ask(url, '/simple/demo/', json);
    const etag = first.headers.etag as string;
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect(first.headers['cache-control']).toBe('no-cache');
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await ask(url, '/simple/demo/', { ...json, 'if-none-match': known });
      expect([again.status, again.body.length, again.headers.etag]).toEqual([304, 0, etag]);
    }
    await site.publish(makeWheel('other-1.0-py3-none-any.whl'));
    await pause();
    expect((await ask(url, '/simple/demo/', { ...json, 'if-none-match': etag })).status).toBe(304);
    await site.publish(makeWheel('demo-1.1-py3-none-any.whl'));
    await pause();
    expect((await ask(url, '/simple/demo/', { ...json, 'if-none-match': etag })).status).toBe(200);
  });

  test('HEAD says what GET would, without a body', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    const { url } = await site.start();
    const get = await ask(url, '/simple/demo/', json);
    const head = await ask(url, '/simple/demo/', json, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
    for (const name of ['etag', 'content-length', 'content-type', 'vary', 'cache-control']) {
      expect(head.headers[name]).toBe(get.headers[name]);
    }
  });
});

describe('changes', () => {
  test('a publish, a yank and its reverse are seen by the next request', async () => {
    const { url } = await site.start();
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    await pause();
    expect((await page(url, '/simple/demo/')).versions).toEqual(['1.0']);
    expect((await page(url, '/simple/')).projects).toEqual([{ name: 'demo' }]);
    site.change('demo', "UPDATE files SET yanked = 1, yanked_reason = 'bad'");
    await pause();
    expect((await page(url, '/simple/demo/')).files[0].yanked).toBe('bad');
    site.change('demo', 'UPDATE files SET yanked = 0');
    await pause();
    expect((await page(url, '/simple/demo/')).files[0].yanked).toBe(false);
    site.change('demo', 'DELETE FROM files');
    await pause();
    expect((await page(url, '/simple/demo/')).files).toEqual([]);
    expect((await page(url, '/simple/')).projects).toEqual([]);
  });

  test('the server starts before the service has made its database, and finds it', async () => {
    const empty = openIndexSite({ database: false });
    try {
      const { url } = await empty.start();
      expect((await page(url, '/simple/')).projects).toEqual([]);
      await empty.publish(makeWheel('demo-1.0-py3-none-any.whl'));
      await pause(300);
      expect((await page(url, '/simple/demo/')).versions).toEqual(['1.0']);
    } finally {
      await empty.close();
    }
  });

  test('what it has cached can be deleted while it is stopped', async () => {
    await site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    await (await site.start()).close();
    rmSync(join(site.folder, 'index-cache'), { recursive: true });
    const { url } = await site.start();
    expect((await page(url, '/simple/demo/')).versions).toEqual(['1.0']);
  });
});

describe('channels', () => {
  test('trial wheels are only under /trial, with everything that belongs to them', async () => {
    const stable = makeWheel('demo-1.0-py3-none-any.whl');
    const trial = makeWheel('demo-1.1-py3-none-any.whl');
    await site.publish(stable);
    await site.publish(trial, { channel: 'trial', provenance: '{"version":1}' });
    await site.publish(makeWheel('only_trial-1.0-py3-none-any.whl'), { channel: 'trial', owned: false });
    const { url } = await site.start({ rules: [{ projects: ['*'] }] });
    expect((await page(url, '/simple/demo/')).versions).toEqual(['1.0']);
    expect((await page(url, '/trial/simple/demo/')).versions).toEqual(['1.0', '1.1']);
    expect((await page(url, '/simple/')).projects).toEqual([{ name: 'demo' }]);
    expect((await page(url, '/trial/simple/')).projects).toEqual([{ name: 'demo' }, { name: 'only-trial' }]);
    const path = `files/demo/${trial.sha256}/${trial.filename}`;
    expect((await ask(url, `/${path}`)).status).toBe(404);
    expect((await ask(url, `/trial/${path}`)).body).toEqual(trial.bytes);
    expect((await ask(url, `/trial/${path}.metadata`)).status).toBe(200);
    const [, file] = (await page(url, '/trial/simple/demo/')).files;
    expect(file.provenance).toBe(`${url}/trial/integrity/demo/1.1/${trial.filename}/provenance`);
    const provenance = await ask(url, new URL(file.provenance).pathname);
    expect([provenance.text, provenance.headers['content-type']]).toEqual([
      '{"version":1}',
      'application/vnd.pypi.integrity.v1+json',
    ]);
    expect((await ask(url, `/integrity/demo/1.1/${trial.filename}/provenance`)).status).toBe(404);
  });
});

describe('a page of very many files', () => {
  test.each([
    [
      'a new file',
      "INSERT INTO files (filename, project, version, channel, sha256, size_bytes, upload_time, origin) VALUES ('wide-9-py3-none-any.whl', 'wide', '9', 'stable', 'f', 1, 5000, 'upload')",
    ],
    [
      'a yanked one in the middle',
      "UPDATE files SET yanked = 1, yanked_reason = 'it ends here: ]}' WHERE filename = 'wide-1.700-py3-none-any.whl'",
    ],
    [
      'a provenance that came later',
      "UPDATE files SET provenance_sha256 = 'p' WHERE filename = 'wide-1.700-py3-none-any.whl'",
    ],
    ['a file put in another place', "UPDATE files SET upload_time = 5000 WHERE filename = 'wide-1.3-py3-none-any.whl'"],
    ['one less at its beginning', "DELETE FROM files WHERE filename = 'wide-1.0-py3-none-any.whl'"],
    ['less than half', 'DELETE FROM files WHERE upload_time > 400'],
    ['another status', "UPDATE projects SET status = 'archived', status_reason = 'done' WHERE name = 'wide'"],
  ])('is the same after %s as on a server that starts then', async (_what, change) => {
    site.change(
      'wide',
      `INSERT INTO projects (name, owned, serial) VALUES ('wide', 1, 1);
      WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 1699)
      INSERT INTO files (filename, project, version, channel, sha256, size_bytes, upload_time, origin)
      SELECT 'wide-1.' || i || '-py3-none-any.whl', 'wide', '1.' || i, 'stable', printf('%064x', i), 1, i, 'upload' FROM n;`,
    );
    const all = async (url: string) =>
      Promise.all(
        [JSON_TYPE, 'text/html'].flatMap((accept) =>
          ['gzip', 'identity'].map(async (encoding) => {
            const { body, headers } = await ask(url, '/simple/wide/', { accept, 'accept-encoding': encoding });
            return { etag: headers.etag, text: (encoding === 'gzip' ? gunzipSync(body) : body).toString() };
          }),
        ),
      );
    const { url } = await site.start({ publicUrl: 'https://wheels.example' });
    const before = await all(url);
    site.change('wide', change);
    await pause();
    const after = await all(url);
    expect(after).toEqual(await all((await site.start({ publicUrl: 'https://wheels.example' })).url));
    after.forEach(({ etag, text }, at) => {
      expect(etag).not.toBe(before[at]?.etag);
      expect(text).not.toBe(before[at]?.text);
    });
    expect(after[0]?.text).toBe(after[1]?.text);
    expect(after[2]?.text).toBe(after[3]?.text);
    // Once more, from what is left of the pages before.
    site.change('wide', "UPDATE files SET requires_python = '>=3.8' WHERE filename = 'wide-1.300-py3-none-any.whl'");
    await pause();
    expect(await all(url)).toEqual(await all((await site.start({ publicUrl: 'https://wheels.example' })).url));
    expect(JSON.parse((await all(url))[0]?.text ?? '').name).toBe('wide');
  });
});

describe('the root page', () => {
  test('lists every project once, in order, also past the size of a segment', async () => {
    site.change(
      'none',
      `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 9999)
      INSERT INTO projects (name, owned, serial) SELECT printf('many-%05d', i), 1, 1 FROM n;
      INSERT INTO files (filename, project, version, channel, sha256, size_bytes, upload_time, origin)
      SELECT name || '.whl', name, '1.0', 'stable', 'x', 1, 0, 'upload' FROM projects;`,
    );
    const { url } = await site.start();
    const names = async () => (await page(url, '/simple/')).projects.map(({ name }: { name: string }) => name);
    const expected = Array.from({ length: 10_000 }, (_, at) => `many-${String(at).padStart(5, '0')}`);
    expect(await names()).toEqual(expected);
    const before = (await ask(url, '/simple/', json)).headers.etag;
    await site.publish(makeWheel('many_04999_x-1.0-py3-none-any.whl'));
    await site.publish(makeWheel('aaa-1.0-py3-none-any.whl'));
    await site.publish(makeWheel('zzz-1.0-py3-none-any.whl'));
    await pause();
    expect(await names()).toEqual(['aaa', ...expected.slice(0, 5000), 'many-04999-x', ...expected.slice(5000), 'zzz']);
    expect((await ask(url, '/simple/', json)).headers.etag).not.toBe(before);
    const html = gunzipSync(
      (await ask(url, '/simple/', { accept: 'text/html', 'accept-encoding': 'gzip' })).body,
    ).toString();
    expect(html.match(/<a href="many-04999-x\/">many-04999-x<\/a>/g)).toHaveLength(1);
    expect(html).toBe((await ask(url, '/simple/', { accept: 'text/html' })).text);
  });
});

test('an unknown project is 404 and never stored', async () => {
  const { url } = await site.start({ upstreams: [] });
  const { status, headers } = await ask(url, '/simple/unknown/');
  expect([status, headers['cache-control']]).toEqual([404, 'no-store']);
});

function pause(ms = 20): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

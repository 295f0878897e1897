import { existsSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { describe, expect, test } from 'vitest';
import { migrate, readMigrations } from '../../adapters/sqlite/migrations.js';
import { ask } from '../support/http-ask.js';
import { openIndexSite } from '../support/index-site.js';
import { explained, namesOf, pageOf, pathOf, pause, useIndexWithUpstream } from '../support/index-with-upstream.js';
import { makeWheel } from '../support/wheel.js';

const on = useIndexWithUpstream();

describe('merging', () => {
  test("this service's wheels come first and hide the upstream's of the same name; sdists and what has no sha256 stay out", async () => {
    const ours = makeWheel('demo-1.0-1-py3-none-any.whl');
    const same = makeWheel('demo-1.0-py3-none-any.whl', 'ours = 1\n');
    const theirs = makeWheel('demo-1.1-py3-none-any.whl');
    on.upstream.offer('demo', makeWheel('demo-1.0-py3-none-any.whl', 'theirs = 1\n'));
    on.upstream.offer('demo', theirs, {
      yanked: 'why',
      'requires-python': '>=3.9',
      'upload-time': '2026-01-02T03:04:05.678Z',
    });
    on.upstream.offer('demo', { filename: 'demo-1.1.tar.gz', bytes: Buffer.from('x') });
    on.upstream.offer('demo', makeWheel('demo-1.2-py3-none-any.whl'), { hashes: { md5: 'abc' } });
    on.upstream.offer('demo', { filename: 'demo-1.1-py3.8.egg', bytes: Buffer.from('x') });
    await on.site.publish(ours, { owned: false });
    await on.site.publish(same, { owned: false });
    const { url } = await on.start();
    const { files, versions } = await pageOf(url, 'demo');
    expect(files.map(({ filename }: { filename: string }) => filename)).toEqual([
      ours.filename,
      same.filename,
      theirs.filename,
    ]);
    expect(versions).toEqual(['1.0', '1.1']);
    expect((await ask(url, pathOf(same))).body).toEqual(same.bytes);
    expect(files[2]).toEqual({
      filename: theirs.filename,
      url: `../..${pathOf(theirs)}`,
      hashes: { sha256: theirs.sha256 },
      size: theirs.bytes.length,
      yanked: 'why',
      'requires-python': '>=3.9',
      'upload-time': '2026-01-02T03:04:05.678Z',
    });
    expect((await explained(url, 'demo-1.1.tar.gz')).reason).toContain('wheels only');
    expect((await explained(url, 'demo-1.2-py3-none-any.whl')).reason).toContain('no sha256');
  });

  test("no file of the upstream comes under the name of one that was deleted here, but under that of a trial's where it was never offered", async () => {
    const ours = makeWheel('demo-1.0-py3-none-any.whl', 'ours = 1\n');
    on.upstream.offer('demo', makeWheel(ours.filename, 'theirs = 1\n'));
    on.upstream.offer('demo', makeWheel('demo-1.1-py3-none-any.whl'));
    on.upstream.offer('demo', makeWheel('demo-1.2-py3-none-any.whl'));
    await on.site.publish(ours, { owned: false });
    const { url } = await on.start();
    expect((await ask(url, pathOf(ours))).status).toBe(200);
    const deleted = (filename: string, channel: string) =>
      `INSERT INTO deleted_files VALUES ('${filename}', 'demo', '1', 'x', 0, 'it loses data', '${channel}');`;
    on.site.change(
      'demo',
      `DELETE FROM files; ${deleted(ours.filename, 'stable')} ${deleted('demo-1.2-py3-none-any.whl', 'trial')}`,
    );
    await pause();
    expect(await namesOf(url, 'demo')).toEqual(['demo-1.1-py3-none-any.whl', 'demo-1.2-py3-none-any.whl']);
    const trial = JSON.parse(
      (await ask(url, '/trial/simple/demo/', { accept: 'application/vnd.pypi.simple.v1+json' })).text,
    );
    expect(trial.files.map(({ filename }: { filename: string }) => filename)).toEqual(['demo-1.1-py3-none-any.whl']);
    const told = { offered: false, reason: 'a file of that name was deleted here: it loses data' };
    expect(await explained(url, ours.filename)).toMatchObject(told);
  });

  test('a project owned or reserved here never reaches the upstream, not even without files', async () => {
    for (const project of ['owned', 'kept', 'acme-tool', 'acme'])
      on.upstream.offer(project, makeWheel(`${project.replace('-', '_')}-9-py3-none-any.whl`));
    await on.site.publish(makeWheel('owned-1.0-py3-none-any.whl'));
    on.site.reserve('kept');
    on.site.reserve('acme-');
    const { url } = await on.start();
    expect(await namesOf(url, 'owned')).toEqual(['owned-1.0-py3-none-any.whl']);
    expect((await ask(url, '/simple/kept/')).status).toBe(404);
    expect((await ask(url, '/simple/ACME_tool/')).status).toBe(301);
    expect((await ask(url, '/simple/acme-tool/')).status).toBe(404);
    expect(on.upstream.requests).toEqual([]);
    expect(await namesOf(url, 'acme')).toEqual(['acme-9-py3-none-any.whl']);
    on.site.change('owned', 'DELETE FROM files');
    await pause();
    expect(await namesOf(url, 'owned')).toEqual([]);
    expect(on.upstream.requests).toEqual(['GET /simple/acme/']);
  });

  test('a name that can be taken for one of our own is pointed out', async () => {
    on.upstream.offer('acme-t00l', makeWheel('acme_t00l-9-py3-none-any.whl'));
    const { url } = await on.start();
    const looksLike = async (name: string) => JSON.parse((await ask(url, `/explain/${name}`)).text).looksLike;
    expect(await looksLike('acme-t00l')).toBeUndefined();
    await on.site.publish(makeWheel('acme_tool-1.0-py3-none-any.whl'));
    on.site.reserve('corn');
    await pause();
    expect(await looksLike('acme-tool')).toBeUndefined();
    expect(await looksLike('acmetool')).toBe('acme-tool');
    expect((await ask(url, '/simple/com/')).text).toContain('corn is a project of this index');
  });

  test('a project becomes owned while its page is in memory', async () => {
    on.upstream.offer('demo', makeWheel('demo-9-py3-none-any.whl'));
    const { url } = await on.start();
    expect(await namesOf(url, 'demo')).toEqual(['demo-9-py3-none-any.whl']);
    await on.site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
    await pause();
    expect(await namesOf(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
    expect((await ask(url, pathOf(makeWheel('demo-9-py3-none-any.whl')))).status).toBe(404);
  });

  test('a project becomes owned while the upstream is answering', async () => {
    on.upstream.offer('demo', makeWheel('demo-9-py3-none-any.whl'));
    const page9 = { meta: { 'api-version': '1.0' }, files: on.upstream.pages.get('demo') };
    on.upstream.answers.set('/simple/demo/', async (_, response) => {
      await on.site.publish(makeWheel('demo-1.0-py3-none-any.whl'));
      response.writeHead(200, { 'content-type': 'application/vnd.pypi.simple.v1+json' }).end(JSON.stringify(page9));
    });
    const { url } = await on.start();
    expect(await namesOf(url, 'demo')).toEqual(['demo-1.0-py3-none-any.whl']);
  });

  test("without the service's database nobody knows what is owned, so the upstream is not asked", async () => {
    on.upstream.offer('owned', makeWheel('owned-9-py3-none-any.whl'));
    await on.site.publish(makeWheel('owned-1.0-py3-none-any.whl'));
    const { url } = await on.start();
    expect((await ask(url, '/simple/')).status).toBe(200);
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(on.site.folder, `wheelwright.db${suffix}`);
      if (existsSync(path)) renameSync(path, `${path}.away`);
    }
    await pause(300);
    const { status, headers } = await ask(url, '/simple/owned/');
    expect([status, headers['retry-after']]).toEqual([503, '5']);
    expect(on.upstream.requests).toEqual([]);
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(on.site.folder, `wheelwright.db${suffix}`);
      if (existsSync(`${path}.away`)) renameSync(`${path}.away`, path);
    }
    await pause(300);
    expect(await namesOf(url, 'owned')).toEqual(['owned-1.0-py3-none-any.whl']);
  });

  test("a page that is in memory is served in any coding without the service's database", async () => {
    const wheel = makeWheel('owned-1.0-py3-none-any.whl');
    await on.site.publish(wheel);
    const { url } = await on.start();
    const plain = await ask(url, '/simple/owned/', { 'accept-encoding': 'identity' });
    for (const suffix of ['', '-wal', '-shm']) {
      const path = join(on.site.folder, `wheelwright.db${suffix}`);
      if (existsSync(path)) renameSync(path, `${path}.away`);
    }
    await pause(300);
    const compressed = await ask(url, '/simple/owned/', { 'accept-encoding': 'gzip' });
    expect(compressed.status).toBe(200);
    expect(gunzipSync(compressed.body).toString()).toBe(plain.text);
    // What is only in the database is not known for the moment, which is no 404.
    expect((await ask(url, `/files/owned/${wheel.sha256}/${wheel.filename}`)).status).toBe(503);
  });

  test('a database that is damaged at the start is no empty one', async () => {
    on.upstream.offer('owned', makeWheel('owned-9-py3-none-any.whl'));
    const damaged = openIndexSite({ database: false });
    try {
      writeFileSync(join(damaged.folder, 'wheelwright.db'), 'damaged'.repeat(1000));
      const { url } = await damaged.start({ upstreamUrl: on.upstream.url });
      expect((await ask(url, '/simple/owned/')).status).toBe(503);
      expect(on.upstream.requests).toEqual([]);
    } finally {
      await damaged.close();
    }
  });

  test('a database of an earlier version is told as such, and served once the api has brought it up to date', async () => {
    const older = openIndexSite({ database: false });
    const database = new Sqlite(join(older.folder, 'wheelwright.db'));
    try {
      const migrations = readMigrations('migrations');
      migrate(
        database,
        migrations.filter(({ number }) => number < 13),
        0,
      );
      const { url } = await older.start({ upstreamUrl: on.upstream.url });
      const { status, text } = await ask(url, '/simple/owned/');
      expect([status, text]).toEqual([503, expect.stringMatching(/of an earlier version.*Start the api/s)]);
      migrate(database, migrations, 0);
      await pause(300);
      expect((await ask(url, '/simple/owned/')).status).toBe(404);
    } finally {
      database.close();
      await older.close();
    }
  });

  test('HTML upstreams are read as well: relative URLs, <base>, escapes, yanks', async () => {
    const wheel = makeWheel('demo-1.0+local.1-py3-none-any.whl');
    on.upstream.offer('demo', wheel);
    on.upstream.answers.set('/simple/demo/', (_, response) => {
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' });
      response.end(`<html><head><base href="/files/deep/"></head><body>
        <a href="../demo-1.0%2Blocal.1-py3-none-any.whl#sha256=${wheel.sha256}" data-requires-python="&gt;=3.8" data-yanked>x</a>
        <a href="demo-0.9-py3-none-any.whl#md5=abc">demo-0.9-py3-none-any.whl</a> <a href="/">home</a></body></html>`);
    });
    const { url } = await on.start();
    on.upstream.answers.set('/files/demo-1.0%2Blocal.1-py3-none-any.whl', (_, response) => response.end(wheel.bytes));
    const { files } = await pageOf(url, 'demo');
    expect(files).toHaveLength(1);
    expect(files[0]).toMatchObject({ filename: wheel.filename, yanked: true, 'requires-python': '>=3.8' });
    expect((await ask(url, new URL(files[0].url, `${url}/simple/demo/`).pathname)).body).toEqual(wheel.bytes);
  });
});

import { afterAll, beforeAll, expect, test } from 'vitest';
import { startTestApi, type TestApi } from '../support/api.js';

let service: TestApi;
beforeAll(async () => {
  service = await startTestApi();
  service.upstream.add('spam', 'spam-1.0.tar.gz');
});
afterAll(() => service.close());

const send = (method: string, path: string, headers: Record<string, string>, json?: unknown) =>
  fetch(`${service.api.url}/api/v1/${path}`, {
    method,
    headers: { ...headers, 'content-type': 'application/json' },
    ...(json === undefined ? {} : { body: JSON.stringify(json) }),
  });
const here = { 'sec-fetch-site': 'same-origin' };

async function signIn(): Promise<string> {
  const response = await send('POST', 'session', here, { token: service.token });
  expect(response.status).toBe(200);
  return response.headers.get('set-cookie') ?? '';
}

test('signing in gives a cookie that scripts cannot read, for the calls of this service only', async () => {
  const cookie = await signIn();
  expect(cookie).toMatch(/^wheelwright-session=[^;]+; Max-Age=\d+; HttpOnly; SameSite=Strict$/);
  const answer = await send('GET', 'session', { cookie: cookie.split(';')[0] ?? '' });
  expect(await answer.json()).toMatchObject({ signedIn: true, scopes: ['admin'] });
  expect(answer.headers.get('cache-control')).toBe('no-store');
});

test('behind https the cookie is for https only', async () => {
  const response = await send('POST', 'session', { ...here, 'x-forwarded-proto': 'https' }, { token: service.token });
  expect(response.headers.get('set-cookie')).toMatch(/; Secure$/);
});

test('a wrong token signs nobody in', async () => {
  const response = await send('POST', 'session', here, { token: 'wrong' });
  expect(response.status).toBe(401);
  expect(response.headers.get('set-cookie')).toBeNull();
});

test.each([
  ['another site', { 'sec-fetch-site': 'cross-site' }],
  ['a sibling domain', { 'sec-fetch-site': 'same-site' }],
  ['an old browser on another site', { origin: 'https://evil.example' }],
  ['a sandboxed frame', { origin: 'null' }],
  ['something that does not say', {}],
])('a write by cookie is refused when it comes from %s', async (_who, headers) => {
  const cookie = (await signIn()).split(';')[0] ?? '';
  const response = await send('POST', 'builds', { ...headers, cookie } as Record<string, string>, {
    requirement: 'spam==1.0',
  });
  expect(response.status).toBe(403);
  expect((await service.call<{ builds: unknown[] }>('GET', '/api/v1/builds')).body.builds).toEqual([]);
});

test('a write by cookie passes from a page of this service, by either sign', async () => {
  const cookie = (await signIn()).split(';')[0] ?? '';
  for (const headers of [here, { origin: service.api.url }]) {
    const response = await send('POST', 'builds', { ...headers, cookie } as Record<string, string>, {
      requirement: 'spam==1.0',
    });
    expect(response.ok).toBe(true);
  }
});

test('a token of its own goes before the cookie, and needs no sign', async () => {
  const cookie = (await signIn()).split(';')[0] ?? '';
  const bad = await send('POST', 'builds', { cookie, authorization: 'Bearer wrong' }, { requirement: 'spam==1.0' });
  expect(bad.status).toBe(401);
  const good = await send('POST', 'builds', { authorization: `Bearer ${service.token}` }, { requirement: 'spam==1.0' });
  expect(good.ok).toBe(true);
});

test('signing out takes the cookie back', async () => {
  const response = await send('DELETE', 'session', here);
  expect(response.status).toBe(204);
  expect(response.headers.get('set-cookie')).toMatch(/^wheelwright-session=; Max-Age=0;/);
});

import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { openSimpleUpstream } from '../../adapters/upstream/simple-upstream.js';
import { type LyingUpstream, startLyingUpstream } from '../support/lying-upstream.js';
import { makeWheel } from '../support/wheel.js';

let upstream: LyingUpstream;
beforeEach(async () => {
  upstream = await startLyingUpstream();
  upstream.offer('demo', makeWheel('demo-1.0-py3-none-any.whl'));
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await upstream.close();
});

test('the proxy of the environment is used, except for what it names as none', async () => {
  const tunnels: string[] = [];
  const proxy = createServer().on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const target = connect(Number(new URL(upstream.url).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    socket.on('error', () => target.destroy());
    target.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('HTTP_PROXY', `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  vi.stubEnv('NO_PROXY', '127.0.0.1');
  const names = async (url: string) => {
    const client = openSimpleUpstream({ url });
    const answer = await client.project('demo', AbortSignal.timeout(5000));
    await client.close();
    return answer?.page.files.map(({ filename }) => filename);
  };
  // Nobody else knows the name: only through the proxy can it be reached.
  expect(await names('http://upstream.example/simple/')).toEqual(['demo-1.0-py3-none-any.whl']);
  expect(tunnels).toEqual(['upstream.example:80']);
  expect(await names(upstream.url)).toEqual(['demo-1.0-py3-none-any.whl']);
  expect(tunnels).toHaveLength(1);
  proxy.close();
  proxy.closeAllConnections();
});

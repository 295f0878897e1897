// The compiled programs as processes, as whatever runs a service sees them.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { runProgram } from '../../adapters/host/program.js';

test.each(['api', 'index-server', 'worker'])('%s says in its log which setting is wrong', async (name) => {
  const environment = { ...process.env, WHEELWRIGHT_NO_SUCH_SETTING: '1' };
  const { code, out } = await new Promise<{ code: unknown; out: string }>((done) => {
    execFile(process.execPath, [resolve('dist', name, 'main.js')], { env: environment }, (error, stdout) =>
      done({ code: error?.code, out: stdout }),
    );
  });
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({
    name,
    level: 60,
    msg: `the ${name} did not start`,
    err: { message: expect.stringContaining('WHEELWRIGHT_NO_SUCH_SETTING is not a setting') },
    hint: expect.stringContaining('docs/settings.md'),
  });
});

test('a program that is held up for a moment still reaches a host of several addresses', async () => {
  const signals = ['SIGTERM', 'SIGINT'] as const;
  const before = signals.map((signal) => process.listeners(signal));
  await runProgram('test', async () => ({ close: async () => undefined }));
  for (const [index, signal] of signals.entries()) {
    for (const added of process.listeners(signal)) {
      if (!before[index]?.includes(added)) process.removeListener(signal, added);
    }
  }
  const server = createServer((socket) => socket.end()).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect({
    host: 'index.test',
    port: (server.address() as AddressInfo).port,
    // Nobody listens at the second.
    lookup: (_name, _options, found) =>
      found(
        null,
        ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
      ),
  });
  setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 600));
  try {
    await once(socket, 'connect');
  } finally {
    socket.destroy();
    server.close();
  }
});

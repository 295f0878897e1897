// The compiled programs as processes, as whatever runs a service sees them.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

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
    hint: expect.stringContaining('docs/operations.md'),
  });
});

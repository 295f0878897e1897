// The short form of bench/chaos: a random process of the service dies or freezes in each round, under a load of real builds and installs.
import { execFile } from 'node:child_process';
import { expect, it } from 'vitest';

const ROUNDS = 7;

it('whatever is killed, nothing is lost, broken, doubled or left behind', async () => {
  const args = ['bench/chaos/run.mjs', '--rounds', String(ROUNDS)];
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, args, { maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : error.code, output: out + err });
    });
  });
  // It says the seed, which brings the same kills about again: --seed N.
  if (process.env.SHOW_LOG) console.log(output);
  expect(code, output).toBe(0);
  expect(output).toContain(`round ${ROUNDS}: `);
  expect(output).toMatch(/nothing found$/m);
});

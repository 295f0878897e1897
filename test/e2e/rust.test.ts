import { afterAll, beforeAll, expect, it } from 'vitest';
import { findRustToolchain } from '../../adapters/docker/image-rust.js';
import { type AttemptBench, openAttemptBench } from './attempt-bench.js';

const toolchain = process.env.WHEELWRIGHT_RUST_TOOLCHAIN ?? (await findRustToolchain());
if (toolchain !== undefined) process.env.WHEELWRIGHT_RUST_TOOLCHAIN = toolchain;

let bench: AttemptBench;
beforeAll(async () => {
  bench = await openAttemptBench();
});
afterAll(async () => {
  await bench.close();
});

it.skipIf(toolchain === undefined)(
  'builds a Rust extension without a network, from crates fetched by hash',
  async () => {
    const finished = await bench.attempt(await bench.order('rpds-py==0.27.1', { toolchains: ['rust'] }));
    expect(finished.outcome, finished.log).toMatchObject({
      kind: 'succeeded',
      wheel: { filename: 'rpds_py-0.27.1-cp313-cp313-manylinux_2_31_x86_64.whl' },
    });
    expect(finished.inputs).toContainEqual(
      expect.objectContaining({
        kind: 'source',
        name: 'crates/pyo3',
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      }),
    );
  },
);

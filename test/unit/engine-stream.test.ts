import fc from 'fast-check';
import { expect, it } from 'vitest';
import { demultiplex } from '../../adapters/docker/log-stream.js';

function frame(stream: number, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

async function* pieces(bytes: Buffer, sizes: readonly number[]): AsyncGenerator<Buffer> {
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

it('gives the payloads in order, however the frames are cut', async () => {
  const frames = fc.array(fc.tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 40 })), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(frames, fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1 }), async (parts, sizes) => {
      const wire = Buffer.concat(parts.map(([stream, payload]) => frame(stream, Buffer.from(payload))));
      const got: Buffer[] = [];
      for await (const chunk of demultiplex(pieces(wire, sizes))) got.push(chunk);
      expect(Buffer.concat(got)).toEqual(Buffer.concat(parts.map(([, payload]) => Buffer.from(payload))));
    }),
  );
});

it('reads no further than it is consumed', async () => {
  let read = 0;
  const source = (async function* () {
    for (;;) {
      read += 1;
      yield frame(1, Buffer.from('x'));
    }
  })();
  for await (const _chunk of demultiplex(source)) {
    if (read >= 3) break;
  }
  expect(read).toBe(3);
});

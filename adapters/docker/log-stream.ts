// Stream format of a container without a terminal: https://docs.docker.com/reference/api/engine/ (attach): 8 bytes of header (stream, three
// zeros, length as a big-endian uint32), then the payload.
const HEADER_BYTES = 8;

/**
 * The output of both streams, in the order in which the engine gave them. It reads on only as fast as it is consumed, which is what slows a
 * container down that writes faster than its log can be stored (docker-modem's own demultiplexer would buffer without end).
 */
export async function* demultiplex(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void, undefined> {
  const header = Buffer.alloc(HEADER_BYTES);
  let headerFilled = 0;
  let payloadLeft = 0;
  for await (const chunk of stream) {
    let at = 0;
    while (at < chunk.length) {
      if (payloadLeft === 0) {
        const copied = chunk.copy(header, headerFilled, at, at + HEADER_BYTES - headerFilled);
        headerFilled += copied;
        at += copied;
        if (headerFilled === HEADER_BYTES) {
          payloadLeft = header.readUInt32BE(4);
          headerFilled = 0;
        }
      } else {
        const piece = chunk.subarray(at, at + payloadLeft);
        payloadLeft -= piece.length;
        at += piece.length;
        yield piece;
      }
    }
  }
}

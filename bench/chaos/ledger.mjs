// Stands between the workers and the api, and writes down every log line that the api acknowledged.
import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';

/** @param apiPort where the api is, whenever it is there */
export async function startLedger(apiPort) {
  /** Text of each acknowledged line, by attempt and number. */
  const acknowledged = new Map();
  /** What contradicts itself already here. */
  const faults = [];

  function note(attemptId, from, text, nextLine) {
    const lines = acknowledged.get(attemptId) ?? new Map();
    acknowledged.set(attemptId, lines);
    for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
      const number = from + index;
      const before = lines.get(number);
      if (before !== undefined && before !== line)
        faults.push(`attempt ${attemptId}: line ${number} was acknowledged twice, with different texts`);
      if (number < nextLine) lines.set(number, line);
    }
  }

  const server = createServer(async (request, response) => {
    const log = /^\/api\/v1\/attempts\/([^/]+)\/(?:log\?from=(\d+)|progress|end)$/.exec(request.url);
    const up = httpRequest({
      port: apiPort,
      host: '127.0.0.1',
      method: request.method,
      path: request.url,
      headers: request.headers,
    });
    const broken = () => response.destroy();
    up.on('error', broken);
    response.on('close', () => {
      if (!response.writableFinished) up.destroy();
    });
    const sent = [];
    if (log !== null) request.on('data', (chunk) => sent.push(chunk));
    request.on('error', () => up.destroy());
    request.pipe(up);
    up.on('response', (answer) => {
      answer.on('error', broken);
      if (log === null || answer.statusCode !== 200) {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
        return;
      }
      const chunks = [];
      answer.on('data', (chunk) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        const text = Buffer.concat(sent).toString('utf8');
        const piece = log[2] === undefined ? JSON.parse(text) : { from: Number(log[2]), text };
        // The last lines come with an attempt's end, whose answer takes all of them.
        const { from, text: lines } = 'outcome' in piece ? (piece.progress ?? { from: 0, text: '' }) : piece;
        note(log[1], from, lines, JSON.parse(body.toString('utf8')).nextLine ?? Number.POSITIVE_INFINITY);
        response.writeHead(200, answer.headers);
        response.end(body);
      });
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    acknowledged,
    faults,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

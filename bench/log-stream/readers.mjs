// Reads the event streams of attempts to their ends, and measures how old each line is when it comes. Events are cut by hand: a full parser would be what is measured.
import { once } from 'node:events';
import { get } from 'node:http';

const TEXT = '"text":"';
const TIME_DIGITS = 13;

const [{ url, attemptIds }] = await once(process, 'message');
/** How many lines had a delay of that many milliseconds. */
const delays = [];
let lines = 0;
let faults = 0;

async function read(attemptId) {
  const [response] = await once(get(`${url}/api/v1/attempts/${attemptId}/events`), 'response');
  response.setEncoding('utf8');
  let rest = '';
  let last = 0;
  for await (const chunk of response) {
    const now = Date.now();
    const text = rest + chunk;
    let from = 0;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n', from)) {
      if (text.startsWith('id: ', from) && text.startsWith('event: line', text.indexOf('\n', from) + 1)) {
        const number = Number(text.slice(from + 4, text.indexOf('\n', from)));
        if (number !== last + 1) faults += 1;
        last = number;
        const at = text.indexOf(TEXT, from) + TEXT.length;
        const delay = Math.max(0, now - Number(text.slice(at, at + TIME_DIGITS)));
        delays[delay] = (delays[delay] ?? 0) + 1;
        lines += 1;
      }
      from = end + 2;
    }
    rest = text.slice(from);
  }
}

await Promise.all(attemptIds.map(read));
process.send({ lines, faults, delays });

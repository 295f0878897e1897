import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { Script } from 'node:vm';
import { expect, test } from 'vitest';
import { settleAnswers } from '../../adapters/http/listening.js';

setFlagsFromString('--allow-natives-syntax');
setFlagsFromString('--expose-gc');
const hasFastProperties = new Script('(object) => %HasFastProperties(object)').runInThisContext() as (
  object: object,
) => boolean;
const collectGarbage = new Script('gc').runInNewContext() as () => void;

/** Whether a new answer has the fast shape; nothing refers to it afterwards. */
function nextIsFast(): boolean {
  const answer = new ServerResponse(new IncomingMessage(new Socket()));
  answer.writeHead(200, []).end();
  return hasFastProperties(answer);
}

test('answers keep their fast shape when garbage is collected between the first ones', () => {
  settleAnswers();
  const fast = Array.from({ length: 10 }, () => {
    collectGarbage();
    return nextIsFast();
  });
  expect(fast).toEqual(Array.from({ length: 10 }, () => true));
});

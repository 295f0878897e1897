// The least that taking an upload costs in this runtime: the body goes to a file of its own, is synced, and its name as well. Nothing is checked.
import { mkdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';

const folder = process.argv[2];
mkdirSync(folder, { recursive: true });
let number = 0;

async function keep(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const file = await open(join(folder, String(number++)), 'wx');
  await file.writeFile(Buffer.concat(pieces));
  await file.sync();
  await file.close();
  const names = await open(folder, 'r');
  await names.sync();
  await names.close();
}

const server = createServer((request, response) => {
  keep(request).then(() => response.end('ok'));
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`http://127.0.0.1:${server.address().port}/`));

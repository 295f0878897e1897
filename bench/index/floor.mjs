// The floor of this runtime: a bare node:http handler that answers from buffers in memory and looks at nothing but the URL.
// floor.mjs ORIGIN PORT FORMAT|PATH...   takes the pages from ORIGIN as it sends them
import { createServer, get } from 'node:http';

const [, , origin, port, ...specs] = process.argv;
const pages = new Map();
for (const spec of specs) {
  const [accept, path] = spec.split('|');
  pages.set(`${accept} ${path}`, await fetched(origin + path, accept));
}

function fetched(url, accept) {
  return new Promise((resolve, reject) => {
    get(url, { headers: { accept, 'accept-encoding': 'gzip' } }, async (response) => {
      const pieces = [];
      for await (const piece of response) pieces.push(piece);
      const { date: _, connection: __, 'keep-alive': ___, ...headers } = response.headers;
      resolve({ headers, body: Buffer.concat(pieces) });
    }).on('error', reject);
  });
}

createServer((request, response) => {
  const page = pages.get(`${request.headers.accept} ${request.url}`);
  if (request.headers['if-none-match'] === undefined) {
    response.writeHead(200, page.headers);
    response.end(page.body);
  } else {
    response.writeHead(304, { etag: page.headers.etag });
    response.end();
  }
}).listen(Number(port), '127.0.0.1');

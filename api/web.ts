// The built web UI: hashed assets that never change, and one page for every address of the UI.
import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { type Request, type Response, Router } from 'express';
import { WheelwrightError } from '../core/errors.js';

const TYPES: Record<string, string> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Nothing from anywhere else, no inline script or style, and no markup made from strings. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

const COMPRESS = {
  // The best quality takes ten times as long for a twentieth less.
  br: (bytes: Buffer) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  gzip: (bytes: Buffer) => promisify(gzip)(bytes),
  identity: async (bytes: Buffer) => bytes,
};
type Encoding = keyof typeof COMPRESS;

interface Asset {
  type: string;
  bytes: Buffer;
  /** Made when first asked for, since the service also starts for single commands. */
  encoded: Map<Encoding, Promise<Buffer>>;
}

/**
 * The UI from the folder that `vite build` made, at whatever address the router is mounted. It is a few hundred kilobytes, so it is kept in memory. Where it has not been built, its
 * page says so.
 */
export async function webRoutes(folder: string): Promise<Router> {
  const router = Router();
  const page = await readPage(join(folder, 'index.html'));
  const assets = page === undefined ? undefined : await readAssets(join(folder, 'assets'));

  router.get('/assets/:name', async (request, response) => {
    const asset = assets?.get(request.params.name);
    if (asset === undefined) {
      throw new WheelwrightError('not-found', `there is no asset ${request.params.name}`, {
        hint: 'The page is of another version than the service: load it again.',
      });
    }
    response.set('Cache-Control', 'public, max-age=31536000, immutable');
    await sendAsset(request, response, asset);
  });

  router.get(/.*/, (request, response, next) => {
    if (!isPage(request)) return next();
    response.set({
      'Cache-Control': 'no-cache',
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Referrer-Policy': 'same-origin',
      'X-Content-Type-Options': 'nosniff',
    });
    if (page === undefined) {
      return void response
        .status(503)
        .type('text/plain')
        .send(
          'The web UI has not been built. Run: npm run build\nThe API at /api/v1 and ./wheelwright work without it.\n',
        );
    }
    const html = page.replace('<base href="./" />', `<base href="${pathToRoot(request.path)}" />`);
    response.set('ETag', `"${createHash('sha256').update(html).digest('base64url').slice(0, 27)}"`);
    response.type('html').send(html);
  });
  return router;
}

/** Undefined where the UI has not been built, or is being built just now. */
async function readPage(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

async function readAssets(folder: string): Promise<Map<string, Asset>> {
  const names = await readdir(folder);
  return new Map(await Promise.all(names.map(async (name) => [name, await readAsset(join(folder, name))] as const)));
}

async function readAsset(path: string): Promise<Asset> {
  return { type: TYPES[extname(path)] ?? 'application/octet-stream', bytes: await readFile(path), encoded: new Map() };
}

async function sendAsset(request: Request, response: Response, asset: Asset): Promise<void> {
  const encoding = (request.acceptsEncodings('br', 'gzip', 'identity') || 'identity') as Encoding;
  const body = asset.encoded.get(encoding) ?? COMPRESS[encoding](asset.bytes);
  asset.encoded.set(encoding, body);
  response.vary('Accept-Encoding').set({ 'Content-Type': asset.type, 'X-Content-Type-Options': 'nosniff' });
  if (encoding !== 'identity') response.set('Content-Encoding', encoding);
  response.send(await body);
}

function isPage(request: Request): boolean {
  const [first] = request.path.slice(1).split('/');
  return !['api', 'legacy', 'assets'].includes(first ?? '') && request.accepts('html') === 'html';
}

/** The way from a page's address to the UI's root, whatever prefix stands before it. */
function pathToRoot(path: string): string {
  return '../'.repeat(path.slice(1).split('/').length - 1) || './';
}

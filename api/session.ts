// Signing in from a browser: the token goes into a cookie that no script can read, and from there into the Authorization header that the guards know.
// A cookie travels by itself, so a write by cookie must prove that it comes from a page of this service:
// https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
import { json, type Request, type RequestHandler, type Response, Router } from 'express';
import { z } from 'zod';
import type { TokenRecord, TokenStore } from '../adapters/sqlite/tokens.js';
import { WheelwrightError } from '../core/errors.js';

const COOKIE = 'wheelwright-session';
const COOKIE_VALUE = new RegExp(`(?:^|;\\s*)${COOKIE}=([^;\\s]+)`);
const MAX_AGE_SECONDS = 30 * 24 * 60 * 60;
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Lets a request speak by its session cookie where it brings no token of its own. Goes before every guard.
 * @throws WheelwrightError `forbidden` for a write by cookie that another site may have caused
 */
export const sessionCookie: RequestHandler = (request, _response, next) => {
  const token = cookieOf(request);
  if (token !== undefined && request.headers.authorization === undefined) {
    if (!SAFE_METHODS.has(request.method)) requireSameOrigin(request);
    request.headers.authorization = `Bearer ${token}`;
  }
  next();
};

export interface SessionDeps {
  tokens: Pick<TokenStore, 'find'>;
  readTokenRequired: boolean;
}

const signInSchema = z.strictObject({ token: z.string().trim().min(1).max(500) });

/** POST, GET and DELETE of /session: sign in with `{token}`, who is signed in, sign out. */
export function sessionRoutes({ tokens, readTokenRequired }: SessionDeps): Router {
  const router = Router();
  const view = (token: TokenRecord | undefined) => ({
    signedIn: token !== undefined,
    ...(token === undefined ? {} : { name: token.name }),
    scopes: token?.scopes ?? [],
    readTokenRequired,
  });

  router.get('/session', async (request, response) => {
    const secret = cookieOf(request);
    response
      .set('Cache-Control', 'no-store')
      .json(view(secret === undefined ? undefined : await valid(tokens, secret)));
  });

  router.post('/session', json({ limit: '4kb' }), async (request, response) => {
    requireSameOrigin(request);
    const { token: secret } = signInSchema.parse(request.body);
    const token = await valid(tokens, secret);
    if (token === undefined) {
      throw new WheelwrightError('unauthorized', 'the token is not known, or was revoked', {
        hint: 'The first start wrote an admin token to the file admin-token in the data folder.',
      });
    }
    setCookie(request, response, secret, MAX_AGE_SECONDS);
    response.json(view(token));
  });

  router.delete('/session', (request, response) => {
    requireSameOrigin(request);
    setCookie(request, response, '', 0);
    response.status(204).end();
  });
  return router;
}

async function valid(tokens: SessionDeps['tokens'], secret: string): Promise<TokenRecord | undefined> {
  const token = await tokens.find(secret);
  return token?.revoked === false ? token : undefined;
}

function cookieOf(request: Request): string | undefined {
  const value = COOKIE_VALUE.exec(request.headers.cookie ?? '')?.[1];
  try {
    return value === undefined ? undefined : decodeURIComponent(value);
  } catch {
    return undefined;
  }
}

/** Without a Path the browser keeps it for the folder of the call, /api/v1 below whatever prefix a proxy serves us under. */
function setCookie(request: Request, response: Response, secret: string, maxAgeSeconds: number): void {
  const secure = request.secure || request.headers['x-forwarded-proto'] === 'https';
  response.append(
    'Set-Cookie',
    `${COOKIE}=${encodeURIComponent(secret)}; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`,
  );
}

/** Sec-Fetch-Site where the browser sends it (https and this machine), else the Origin against the host that was asked. */
function requireSameOrigin(request: Request): void {
  const site = request.headers['sec-fetch-site'];
  const same = site === undefined ? originHost(request) === request.headers.host : site === 'same-origin';
  if (!same) {
    throw new WheelwrightError('forbidden', 'this write does not come from a page of this service', {
      hint: 'Programs send their token as "Authorization: Bearer <token>". Behind a proxy, see that it passes the Host header on.',
    });
  }
}

function originHost(request: Request): string | undefined {
  const origin = request.headers.origin;
  return origin === undefined ? undefined : URL.parse(origin)?.host;
}

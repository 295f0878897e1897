import type { Request, RequestHandler, Response } from 'express';
import type { TokenRecord, TokenStore } from '../adapters/sqlite/tokens.js';
import { WheelwrightError } from '../core/errors.js';
import type { Scope } from '../core/token.js';

/** Handlers that let a request pass or throw `unauthorized` or `forbidden`. */
export interface Guards {
  /** Reading: open, or any token where the settings say so. */
  read: RequestHandler;
  /** Any token. */
  any: RequestHandler;
  /** Writing: a token with one of those scopes, or an admin's. */
  scope(...oneOf: Scope[]): RequestHandler;
}

const HINT =
  'The first start writes an admin token to the file admin-token in the data folder; `wheelwright` on the same machine finds it.';

export function createGuards(tokens: TokenStore, options: { readTokenRequired: boolean }): Guards {
  return {
    async read(request, response, next) {
      if (options.readTokenRequired) await authenticate(tokens, request, response);
      next();
    },
    async any(request, response, next) {
      await authenticate(tokens, request, response);
      next();
    },
    scope:
      (...oneOf) =>
      async (request, response, next) => {
        const token = await authenticate(tokens, request, response);
        if (!token.scopes.some((scope) => scope === 'admin' || oneOf.includes(scope))) {
          const lacking = oneOf.join(' or ');
          throw new WheelwrightError(
            'forbidden',
            `the token ${token.name} may not do this: it lacks the scope ${lacking}`,
            {
              hint: `It has ${token.scopes.join(', ') || 'no scope'}. Ask an administrator for a token with ${lacking}.`,
            },
          );
        }
        next();
      },
  };
}

/** Who acts, by the token that a guard let pass: what histories tell. */
export function nameOf(response: Response): string {
  return (response.locals.token as TokenRecord).name;
}

/** What the token may do that a guard let pass. */
export function scopesOf(response: Response): readonly Scope[] {
  return (response.locals.token as TokenRecord).scopes;
}

/** @throws WheelwrightError `unauthorized` */
async function authenticate(tokens: TokenStore, request: Request, response: Response): Promise<TokenRecord> {
  const secret = /^Bearer +([\x21-\x7e]+) *$/i.exec(request.headers.authorization ?? '')?.[1];
  if (secret === undefined) {
    throw new WheelwrightError('unauthorized', 'this call takes a token', {
      hint: `Send it as "Authorization: Bearer <token>". ${HINT}`,
    });
  }
  const token = await tokens.find(secret);
  if (token === undefined || token.revoked) {
    throw new WheelwrightError(
      'unauthorized',
      token === undefined ? 'the token is not known' : 'the token was revoked',
      {
        hint:
          token === undefined
            ? HINT
            : 'An administrator makes another: `wheelwright token create`. Where it was the one in the file admin-token of the data folder, delete that file and start the api again.',
      },
    );
  }
  response.locals.token = token;
  return token;
}

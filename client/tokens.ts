// Tokens of the service, for its administrators.
import { z } from 'zod';
import { SCOPES } from '../core/token.js';
import { type Connection, send, sendForJson } from './connection.js';

export const tokenRequestSchema = z.strictObject({
  /** For people, e.g. who or what uses it. */
  name: z.string().trim().min(1).max(200),
  scopes: z.array(z.enum(SCOPES)).min(1),
});
export type TokenRequest = z.infer<typeof tokenRequestSchema>;

const tokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: z.string(),
  revokedAt: z.string().optional(),
});
export type Token = z.infer<typeof tokenSchema>;

const createdTokenSchema = z.object({
  id: z.string(),
  name: z.string(),
  scopes: z.array(z.string()),
  secret: z.string(),
});
/** The secret is not shown again. */
export type CreatedToken = z.infer<typeof createdTokenSchema>;

const PATH = '/api/v1/tokens';

export function createToken(connection: Connection, json: TokenRequest, signal?: AbortSignal): Promise<CreatedToken> {
  return sendForJson(connection, 'POST', PATH, createdTokenSchema, { json, signal });
}

/** Oldest first, revoked ones included. */
export async function listTokens(connection: Connection, signal?: AbortSignal): Promise<Token[]> {
  const schema = z.object({ tokens: z.array(tokenSchema) });
  return (await sendForJson(connection, 'GET', PATH, schema, { signal })).tokens;
}

/** @throws WheelwrightError `not-found` when there is no such token, or it was revoked before */
export async function revokeToken(connection: Connection, id: string, signal?: AbortSignal): Promise<void> {
  const response = await send(connection, 'DELETE', `${PATH}/${encodeURIComponent(id)}`, { signal });
  await response.body.dump();
}

/** What the connection's own token may do. @throws WheelwrightError `unauthorized` when it is not known, or was revoked */
export function ownToken(connection: Connection, signal?: AbortSignal): Promise<{ name: string; scopes: string[] }> {
  const schema = z.object({ name: z.string(), scopes: z.array(z.string()) });
  return sendForJson(connection, 'GET', `${PATH}/own`, schema, { signal });
}

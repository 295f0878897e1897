import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SCOPES, type Scope } from '../../core/token.js';
import type { Database } from './database.js';
import { newId, newSecret } from './id.js';

export interface TokenRecord {
  id: string;
  name: string;
  scopes: Scope[];
  revoked: boolean;
}

export interface ListedToken extends TokenRecord {
  /** Milliseconds since the epoch. */
  createdAt: number;
  revokedAt?: number;
}

export interface TokenStore {
  /** The secret is given once; only its hash is kept. */
  create(name: string, scopes: readonly Scope[], now: number): Promise<{ id: string; secret: string }>;
  /** Adds a token whose secret exists already, e.g. in the admin-token file beside a restored database. */
  adopt(secret: string, name: string, scopes: readonly Scope[], now: number): Promise<void>;
  /** The token with that secret, revoked ones included. */
  find(secret: string): Promise<TokenRecord | undefined>;
  /** All of them, oldest first. */
  list(): Promise<ListedToken[]>;
  /** False when there is no such token, or it was revoked before. */
  revoke(id: string, now: number): Promise<boolean>;
}

const scopesSchema = z.array(z.enum(SCOPES));

/** The only one of its database that revokes: what it found once it does not look up again. */
export function tokenStore(db: Database): TokenStore {
  /** By hash of the secret. A revocation puts another in its place, so that a look-up which began before it adds to none that counts. */
  let known = new Map<string, TokenRecord>();
  const insert = async (secret: string, name: string, scopes: readonly Scope[], now: number) => {
    const id = newId();
    await db
      .insertInto('tokens')
      .values({ id, secret_hash: secretHash(secret), name, scopes_json: JSON.stringify(scopes), created_at: now })
      .execute();
    return id;
  };
  return {
    async create(name, scopes, now) {
      const secret = `wheelwright-${newSecret()}`;
      return { id: await insert(secret, name, scopes, now), secret };
    },

    async adopt(secret, name, scopes, now) {
      await insert(secret, name, scopes, now);
    },

    async find(secret) {
      // Looked up by hash, so the time it takes says nothing about the secret.
      const hash = secretHash(secret);
      const present = known.get(hash);
      if (present !== undefined) return present;
      const into = known;
      const row = await db.selectFrom('tokens').selectAll().where('secret_hash', '=', hash).executeTakeFirst();
      if (row === undefined) return undefined;
      const scopes = scopesSchema.parse(JSON.parse(row.scopes_json));
      const token = { id: row.id, name: row.name, scopes, revoked: row.revoked_at !== null };
      into.set(hash, token);
      return token;
    },

    async list() {
      const rows = await db.selectFrom('tokens').selectAll().orderBy('created_at').orderBy('id').execute();
      return rows.map((row) => ({
        id: row.id,
        name: row.name,
        scopes: scopesSchema.parse(JSON.parse(row.scopes_json)),
        revoked: row.revoked_at !== null,
        createdAt: row.created_at,
        ...(row.revoked_at === null ? {} : { revokedAt: row.revoked_at }),
      }));
    },

    async revoke(id, now) {
      const result = await db
        .updateTable('tokens')
        .set({ revoked_at: now })
        .where('id', '=', id)
        .where('revoked_at', 'is', null)
        .executeTakeFirst();
      known = new Map();
      return result.numUpdatedRows === 1n;
    },
  };
}

/** What is kept of a secret. */
export function secretHash(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

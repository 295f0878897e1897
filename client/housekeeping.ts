// Housekeeping of the service's data, for its administrators.
import { z } from 'zod';
import { type Connection, sendForJson } from './connection.js';

export const housekeepingRequestSchema = z.strictObject({
  /** Only says what would be removed. */
  dryRun: z.boolean().default(false),
});

const reportSchema = z.object({
  /** File names of trial wheels that nobody approved in time. */
  trials: z.array(z.string()),
  logs: z.int(),
  strayLogs: z.int(),
  blobs: z.int(),
  blobBytes: z.int(),
});
export type HousekeepingAnswer = z.infer<typeof reportSchema>;

/** Removes what is kept for a while only, or says what that is. */
export function keepHouse(connection: Connection, dryRun: boolean, signal?: AbortSignal): Promise<HousekeepingAnswer> {
  return sendForJson(connection, 'POST', '/api/v1/housekeeping', reportSchema, { json: { dryRun }, signal });
}

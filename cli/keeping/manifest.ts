import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { WheelwrightError } from '../../core/errors.js';

/** Written last into a backup: a folder without it is none, or was cut off. */
export const MANIFEST = 'backup.json';

const manifestSchema = z.object({
  wheelwright: z.literal('backup'),
  version: z.literal(1),
  createdAt: z.string(),
  /** Number of the newest migration. */
  schema: z.number(),
  blobs: z.number(),
  logs: z.number(),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** @throws WheelwrightError `not-found` when the folder is not a whole backup, `invalid` for one of another form */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch((error: unknown) => {
    throw new WheelwrightError('not-found', `${folder} is not a backup: it has no ${MANIFEST}`, {
      hint: 'Name a folder that `wheelwright backup` made and finished.',
      cause: error,
    });
  });
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new WheelwrightError('invalid', `${join(folder, MANIFEST)} has another form`, {
      hint: 'The backup was made by another version of Wheelwright: restore it with that one.',
      cause: error,
    });
  }
}

import { z } from 'zod';
import { BUILD_STATUSES } from '../core/build.js';
import { normalizeProjectName } from '../core/project-name.js';

const lineNumberSchema = z.coerce.number().int().positive().default(1);

/** A 1-based line number; absent means the first. @throws ZodError */
export function lineNumber(value: unknown): number {
  return lineNumberSchema.parse(value, { error: () => 'from must be a line number, beginning at 1' });
}

export const buildFilterSchema = z.strictObject({
  status: z.enum(BUILD_STATUSES).exactOptional(),
  project: z.string().transform(normalizeProjectName).exactOptional(),
  /** Digest of an image's definition, for one interpreter. */
  builder: z.string().exactOptional(),
  /** `true`: only those of a release and target that no build has succeeded for. */
  unsolved: z.stringbool().exactOptional(),
  cursor: z.string().exactOptional(),
  limit: z.coerce.number().int().min(1).max(100).default(50),
});

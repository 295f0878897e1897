// What a file of requirements needs.
import { z } from 'zod';
import { CHECK_STATES } from '../../core/check.js';

/** POST /check */
export const checkRequestSchema = z.strictObject({
  /** The text of a requirements.txt, pylock.toml or uv.lock. */
  file: z.string(),
  /** One interpreter tag. */
  python: z.string().optional(),
  policy: z.string().optional(),
});
export type CheckRequest = z.infer<typeof checkRequestSchema>;

export const checkAnswerSchema = z.object({
  kind: z.enum(['requirements.txt', 'pylock.toml', 'uv.lock']),
  target: z.object({ policy: z.string(), arch: z.string(), python: z.string() }),
  rows: z.array(
    z.object({
      name: z.string(),
      version: z.string().optional(),
      state: z.enum(CHECK_STATES),
      filename: z.string().optional(),
      reason: z.string(),
      /** Projects of the file, or of other rows, that require it; empty for what the file itself names. */
      requiredBy: z.array(z.string()),
    }),
  ),
});
export type CheckAnswer = z.infer<typeof checkAnswerSchema>;

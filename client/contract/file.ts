// What is in a file of the index, and where it came from.
import { z } from 'zod';

/** GET /projects/:name/files/:filename, of a wheel. */
export const wheelContentsSchema = z.object({
  fileCount: z.int(),
  /** By path; of a wheel with very many files the first ones. */
  files: z.array(z.object({ path: z.string(), sizeBytes: z.int() })),
  /** Lists of components that lie in the wheel (PEP 770). */
  sboms: z.array(
    z.object({
      path: z.string(),
      format: z.enum(['CycloneDX', 'SPDX', 'unknown']),
      components: z.array(z.object({ name: z.string(), version: z.string().optional(), purl: z.string().optional() })),
    }),
  ),
});
export type WheelContents = z.infer<typeof wheelContentsSchema>;

/** GET /projects/:name/files/:filename/provenance: what the signed statement says, once its signature and its subject are checked. */
export const fileProvenanceSchema = z.object({
  /** SHA-256 of the certificate that it was checked against, in hex: that of `provenance-certificate.pem` in the data folder. */
  certificateSha256: z.string(),
  /** ISO 8601, UTC. */
  startedOn: z.string().optional(),
  finishedOn: z.string().optional(),
  builder: z.string(),
  invocation: z.string(),
  buildKey: z.string(),
  recipeSha256: z.string(),
  materials: z.array(
    z.object({
      kind: z.string(),
      name: z.string(),
      version: z.string().optional(),
      sha256: z.string().optional(),
      uri: z.string().optional(),
    }),
  ),
});
export type FileProvenance = z.infer<typeof fileProvenanceSchema>;

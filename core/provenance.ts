// Where a wheel came from, as a signed statement.
// in-toto statement v1: https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md
// SLSA provenance v1: https://slsa.dev/spec/v1.0/provenance
// The object that an index serves (PEP 740): https://packaging.python.org/en/latest/specifications/index-hosted-attestations/
import { z } from 'zod';
import type { AttemptInput } from './attempt.js';
import type { EndingAttempt } from './store.js';

export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
export const SLSA_PROVENANCE = 'https://slsa.dev/provenance/v1';
/** Meaning of the parameters in the predicate; docs/provenance.md describes them. */
export const BUILD_TYPE = 'urn:wheelwright:build-type:wheel:v1';
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

export interface Statement {
  _type: typeof STATEMENT_TYPE;
  subject: [{ name: string; digest: { sha256: string } }];
  predicateType: string;
  predicate: Record<string, unknown>;
}

/** One attempt's wheel, about to be published. */
export interface ProvenanceFacts {
  file: { filename: string; sha256: string };
  attempt: EndingAttempt;
  inputs: readonly AttemptInput[];
  /** Milliseconds since the epoch. */
  publishedAt: number;
}

const attestationSchema = z.strictObject({
  version: z.literal(1),
  verification_material: z.strictObject({
    /** DER, base64. */
    certificate: z.string(),
    /** A private builder has no public log: always empty here. */
    transparency_entries: z.array(z.unknown()),
  }),
  envelope: z.strictObject({
    /** Bytes of the statement, base64. */
    statement: z.string(),
    /** Over {@link preAuthenticationEncoding}, base64. */
    signature: z.string(),
  }),
});
export type Attestation = z.infer<typeof attestationSchema>;

/** What `GET /integrity/…/provenance` answers. */
export const provenanceSchema = z.strictObject({
  version: z.literal(1),
  attestation_bundles: z
    .array(
      z.strictObject({
        publisher: z.looseObject({ kind: z.string() }),
        attestations: z.array(attestationSchema).min(1),
      }),
    )
    .min(1),
});
export type Provenance = z.infer<typeof provenanceSchema>;

/** Says what the wheel was made from and how: enough to build it again and compare. */
export function buildStatement(facts: ProvenanceFacts): Statement {
  const { file, attempt } = facts;
  const { build } = attempt;
  return {
    _type: STATEMENT_TYPE,
    subject: [{ name: file.filename, digest: { sha256: file.sha256 } }],
    predicateType: SLSA_PROVENANCE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: {
          requirement: build.requirement,
          policy: build.target.policy,
          arch: build.target.arch,
          python: build.target.python,
          recipe: { sha256: build.recipeDigest },
          ...(build.recipe.cpu !== undefined && { cpu: build.recipe.cpu }),
        },
        internalParameters: { buildKey: build.key, image: build.target.image, channel: build.channel },
        resolvedDependencies: [
          {
            name: build.sdist.filename,
            uri: withoutCredentials(build.sdist.url),
            digest: { sha256: build.sdist.sha256 },
            annotations: { kind: 'sdist', version: build.version },
          },
          {
            name: `images/${build.target.image}`,
            digest: { sha256: build.target.builderDigest },
            annotations: { kind: 'builder' },
          },
          ...facts.inputs.filter(({ kind }) => kind !== 'sdist').map(dependencyOf),
        ],
      },
      runDetails: {
        builder: { id: `urn:wheelwright:builder:${build.target.image}:${build.target.builderDigest}` },
        metadata: {
          invocationId: `urn:wheelwright:attempt:${attempt.id}`,
          startedOn: new Date(attempt.startedAt).toISOString(),
          finishedOn: new Date(facts.publishedAt).toISOString(),
        },
      },
    },
  };
}

const predicateSchema = z.object({
  buildDefinition: z.object({
    buildType: z.literal(BUILD_TYPE),
    externalParameters: z.object({ recipe: z.object({ sha256: z.string() }) }),
    internalParameters: z.object({ buildKey: z.string() }),
    resolvedDependencies: z.array(
      z.object({
        name: z.string(),
        uri: z.string().optional(),
        digest: z.object({ sha256: z.string() }).optional(),
        annotations: z.object({ kind: z.string(), version: z.string().optional() }),
      }),
    ),
  }),
  runDetails: z.object({
    builder: z.object({ id: z.string() }),
    metadata: z.object({
      invocationId: z.string(),
      startedOn: z.string().optional(),
      finishedOn: z.string().optional(),
    }),
  }),
});

/** The predicate of a {@link buildStatement}. @throws ZodError for that of another build type. */
export function parseBuildPredicate(predicate: unknown): z.infer<typeof predicateSchema> {
  return predicateSchema.parse(predicate);
}

function dependencyOf({ kind, name, version, sha256 }: AttemptInput): Record<string, unknown> {
  return { name, ...(sha256 !== undefined && { digest: { sha256 } }), annotations: { kind, version } };
}

/** The bytes that a DSSE signature covers: the statement cannot be taken for anything else. https://github.com/secure-systems-lab/dsse */
export function preAuthenticationEncoding(statement: Uint8Array): Uint8Array {
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${statement.byteLength} `;
  return Buffer.concat([Buffer.from(head), statement]);
}

/** The form in which the index serves one attestation of this service. */
export function provenanceOf(attestation: Attestation): Provenance {
  return {
    version: 1,
    attestation_bundles: [{ publisher: { kind: 'wheelwright' }, attestations: [attestation] }],
  };
}

function withoutCredentials(url: string): string {
  const parsed = new URL(url);
  parsed.username = '';
  parsed.password = '';
  return parsed.href;
}

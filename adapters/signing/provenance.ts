import { sign, verify, type X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { WheelwrightError } from '../../core/errors.js';
import {
  type Attestation,
  preAuthenticationEncoding,
  provenanceOf,
  provenanceSchema,
  STATEMENT_TYPE,
  type Statement,
} from '../../core/provenance.js';
import type { SigningKey } from './key.js';

const statementSchema = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([z.strictObject({ name: z.string(), digest: z.strictObject({ sha256: z.string() }) })]),
  predicateType: z.string(),
  predicate: z.record(z.string(), z.unknown()),
});

/** The PEP 740 provenance object for a statement, signed (ECDSA P-256 with SHA-256, DER), as the bytes to store and serve. */
export function signProvenance(statement: Statement, key: SigningKey): Uint8Array {
  const payload = Buffer.from(JSON.stringify(statement));
  return Buffer.from(
    JSON.stringify(
      provenanceOf({
        version: 1,
        verification_material: { certificate: key.certificate.raw.toString('base64'), transparency_entries: [] },
        envelope: {
          statement: payload.toString('base64'),
          signature: sign('sha256', preAuthenticationEncoding(payload), key.privateKey).toString('base64'),
        },
      }),
    ),
  );
}

/**
 * The statements about a file in a provenance object, each proven to be signed by the trusted certificate.
 * @throws WheelwrightError `invalid` when any is not, or speaks of another file.
 */
export function verifyProvenance(
  provenance: Uint8Array,
  file: { filename: string; sha256: string },
  trusted: X509Certificate,
): Statement[] {
  const { attestation_bundles: bundles } = parse(provenance, provenanceSchema, 'the provenance');
  return bundles.flatMap(({ attestations }) =>
    attestations.map((attestation) => verifyOne(attestation, file, trusted)),
  );
}

function verifyOne(
  attestation: Attestation,
  file: { filename: string; sha256: string },
  trusted: X509Certificate,
): Statement {
  const payload = Buffer.from(attestation.envelope.statement, 'base64');
  const signature = Buffer.from(attestation.envelope.signature, 'base64');
  const signer = Buffer.from(attestation.verification_material.certificate, 'base64');
  if (!signer.equals(trusted.raw)) {
    throw invalid(
      'it is signed by another certificate than the trusted one',
      'Take provenance-certificate.pem from the data folder of the service that built the wheel.',
    );
  }
  // Against the trusted certificate, not the one that came along.
  if (!verify('sha256', preAuthenticationEncoding(payload), trusted.publicKey, signature)) {
    throw invalid(
      'its signature does not fit',
      'The provenance was changed after it was signed. Fetch it again; if it stays so, do not use the wheel.',
    );
  }
  const statement = parse(payload, statementSchema, 'the signed statement');
  const [subject] = statement.subject;
  if (subject.name !== file.filename || subject.digest.sha256 !== file.sha256) {
    throw invalid(
      `it speaks of ${subject.name} with sha256 ${subject.digest.sha256}, not of ${file.filename} with ${file.sha256}`,
      'The wheel or its provenance was exchanged. Do not use the wheel.',
    );
  }
  return statement;
}

function parse<Value>(bytes: Uint8Array, schema: z.ZodType<Value>, what: string): Value {
  try {
    return schema.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch (cause) {
    throw new WheelwrightError('invalid', `${what} has another form than PEP 740 gives it`, {
      hint: 'Usually something else was stored in its place, or it was made by other software. Fetch it again.',
      cause,
    });
  }
}

function invalid(why: string, hint: string): WheelwrightError {
  return new WheelwrightError('invalid', `the provenance cannot be trusted: ${why}`, { hint });
}

import { createHash, type X509Certificate } from 'node:crypto';
import type { SigningKey } from '../adapters/signing/key.js';
import { signProvenance, verifyProvenance } from '../adapters/signing/provenance.js';
import type { FileProvenance } from '../client/contract.js';
import type { BrowseStore } from '../core/browse.js';
import { buildStatement, parseBuildPredicate } from '../core/provenance.js';
import type { MakeProvenance, ReadProvenance } from './context.js';

export interface ProvenanceDeps {
  key: SigningKey;
  attempts: Pick<BrowseStore, 'inputs'>;
  /** Milliseconds since the epoch. */
  clock(): number;
}

/** Signs, for every wheel about to be published, what the attempt that made it took in. */
export function provenanceMaker({ key, attempts, clock }: ProvenanceDeps): MakeProvenance {
  return async (file, attempt) => {
    const inputs = await attempts.inputs(attempt.id);
    return signProvenance(buildStatement({ file, attempt, inputs, publishedAt: clock() }), key);
  };
}

/** Reads what {@link provenanceMaker} signed, after checking it against the same key's certificate. */
export function provenanceReader(trusted: X509Certificate): ReadProvenance {
  const certificateSha256 = createHash('sha256').update(trusted.raw).digest('hex');
  return (bytes, file): FileProvenance => {
    const [statement] = verifyProvenance(bytes, file, trusted);
    const { buildDefinition, runDetails } = parseBuildPredicate(statement?.predicate);
    return {
      certificateSha256,
      ...(runDetails.metadata.startedOn && { startedOn: runDetails.metadata.startedOn }),
      ...(runDetails.metadata.finishedOn && { finishedOn: runDetails.metadata.finishedOn }),
      builder: runDetails.builder.id,
      invocation: runDetails.metadata.invocationId,
      buildKey: buildDefinition.internalParameters.buildKey,
      recipeSha256: buildDefinition.externalParameters.recipe.sha256,
      materials: buildDefinition.resolvedDependencies.map(({ name, uri, digest, annotations }) => ({
        ...annotations,
        name,
        ...(digest && { sha256: digest.sha256 }),
        ...(uri && { uri }),
      })),
    };
  };
}

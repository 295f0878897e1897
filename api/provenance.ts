import type { SigningKey } from '../adapters/signing/key.js';
import { signProvenance } from '../adapters/signing/provenance.js';
import type { BrowseStore } from '../core/browse.js';
import { buildStatement } from '../core/provenance.js';
import type { MakeProvenance } from './context.js';

export interface ProvenanceDeps {
  key: SigningKey;
  attempts: Pick<BrowseStore, 'inputs'>;
  /** Milliseconds since the epoch. */
  clock(): number;
}

/** Signs, for every wheel about to be published, what the attempt that made it took in. */
export function provenanceMaker({ key, attempts, clock }: ProvenanceDeps): MakeProvenance {
  return async (file, build) => {
    const { attemptId } = file;
    if (attemptId === undefined) throw new Error(`${file.filename} was made by no attempt`);
    const inputs = await attempts.inputs(attemptId);
    return signProvenance(buildStatement({ file, build, attemptId, inputs, publishedAt: clock() }), key);
  };
}

import type { AttemptInput } from '../../../core/attempt.js';

/** One thing that went in at another version, or only one of the two times. */
export interface InputChange {
  kind: string;
  name: string;
  before?: string;
  after?: string;
}

/** How the inputs of one attempt differ from those of another, by kind and name. */
export function inputChanges(before: readonly AttemptInput[], after: readonly AttemptInput[]): InputChange[] {
  const earlier = byName(before);
  const later = byName(after);
  return [...new Set([...earlier.keys(), ...later.keys()])].sort().flatMap((key) => {
    const [then, now] = [earlier.get(key), later.get(key)];
    if (then?.version === now?.version && then?.sha256 === now?.sha256) return [];
    const { kind, name } = (then ?? now) as AttemptInput;
    return [{ kind, name, ...(then && { before: shown(then, now) }), ...(now && { after: shown(now, then) }) }];
  });
}

/** The version; where that is the same, what it does not tell. */
function shown(input: AttemptInput, other: AttemptInput | undefined): string {
  return input.version === other?.version && input.sha256 !== undefined ? input.sha256.slice(0, 12) : input.version;
}

function byName(inputs: readonly AttemptInput[]): Map<string, AttemptInput> {
  return new Map(inputs.map((input) => [`${input.kind} ${input.name}`, input]));
}

import type { Submission } from '../../../client/contract.js';
import { at } from '../base.js';

/** Changes of a recipe, each with the line of a log that led to it. */
export function EditList({ edits }: { edits: Submission['evidence'] }) {
  return (
    <ul class="edits">
      {edits.map(({ edit, why, guess, evidence }, index) => (
        <li key={index}>
          <p>
            <code>{flowYaml(edit)}</code> {guess && <span class="chip warn">guess</span>}
          </p>
          <p>{why}</p>
          {evidence.line !== '' && (
            <p class="detail">
              because{' '}
              <a href={at(`builds/${evidence.buildId}${evidence.lineNumber > 0 ? `#L${evidence.lineNumber}` : ''}`)}>
                a build said
              </a>{' '}
              <code>{evidence.line.slice(0, 300)}</code>
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

/** An edit as one would write it into a recipe on one line. */
function flowYaml(edit: Readonly<Record<string, unknown>>): string {
  return Object.entries(edit)
    .map(([key, value]) => `${key}: ${flowValue(value)}`)
    .join(', ');
}

function flowValue(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowValue).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{ ${flowYaml(value as Record<string, unknown>)} }`;
  return typeof value === 'string' && /^[\w][\w .+/-]*$/.test(value) ? value : JSON.stringify(value);
}

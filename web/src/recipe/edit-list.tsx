import type { Submission } from '../../../client/review-contract.js';
import { at } from '../base.js';

/** Changes of a recipe, each with the line of a log that led to it. */
export function EditList({ edits }: { edits: Submission['evidence'] }) {
  return (
    <ul class="edits">
      {edits.map(({ edit, why, guess, evidence }, index) => (
        <li key={index}>
          <p>
            <code>{JSON.stringify(edit)}</code> {guess && <span class="chip warn">guess</span>}
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

import { useEffect, useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { at } from '../base.js';
import { RecipeDiff } from '../recipe/recipe-diff.js';
import { get, post } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';

type Proposal = NonNullable<NonNullable<Build['attempts'][number]['failure']>['proposal']>;

/** What GET /builds/:id/proposal answers: the recipe with the edit in it, and how it differs from the present one. */
interface ProposedRecipe {
  recipe: string;
  diff: { sign: '+' | '-' | ' '; text: string }[];
}

/** The edit that would probably mend a failure, as a change of the recipe; one button tries it. */
export function ProposalDiff({ build, proposal }: { build: Build; proposal: Proposal }) {
  const { offers } = useSession();
  const { run, busy, problem } = useAction();
  const [proposed, setProposed] = useState<ProposedRecipe>();
  useEffect(() => {
    const abort = new AbortController();
    get<ProposedRecipe>(`builds/${build.id}/proposal`, abort.signal).then(setProposed, () => {});
    return () => abort.abort();
  }, [build.id]);

  const attempt = () =>
    run(async () => {
      const request = {
        requirement: `${build.project}==${build.version}`,
        python: [build.target.python],
        policy: build.target.policy,
        recipe: proposed?.recipe,
      };
      const { builds } = await post<{ builds: Build[] }>('builds', request);
      if (builds[0] !== undefined) go(`builds/${builds[0].id}`);
    });

  return (
    <div class="proposal">
      <h3>What would probably mend it</h3>
      <p>{proposal.why}</p>
      {proposed === undefined ? (
        <pre class="diff">
          <code>{JSON.stringify(proposal.edit, null, 2)}</code>
        </pre>
      ) : (
        <>
          <RecipeDiff project={build.project} lines={proposed.diff} />
          <div class="actions">
            {offers('build') && (
              <button type="button" class="primary" disabled={busy} onClick={attempt}>
                Try this
              </button>
            )}
            <a class="button" href={at(`recipes?from=${build.id}`)}>
              Edit first
            </a>
          </div>
        </>
      )}
      <ActionProblem problem={problem} />
    </div>
  );
}

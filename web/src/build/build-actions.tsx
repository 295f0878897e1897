import type { Build } from '../../../client/contract.js';
import { isFinished } from '../../../core/build.js';
import { post } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';

/** Cancel, retry and solve. Offered to whoever could do it after signing in; hidden from tokens without the scope. */
export function BuildActions({ build, onChange }: { build: Build; onChange(): void }) {
  const { offers } = useSession();
  const { run, busy, problem } = useAction();
  if (!offers('build')) return null;

  const act = async (action: 'cancel' | 'retry') => {
    await run(() => post(`builds/${build.id}/${action}`));
    onChange();
  };
  const solve = () =>
    run(async () => {
      const { version, project, target } = build;
      const request = {
        requirement: `${project}==${version}`,
        python: [target.python],
        policy: target.policy,
        solve: true,
      };
      const { solves } = await post<{ solves?: { id: string }[] }>('builds', request);
      if (solves?.[0] !== undefined) go(`solves/${solves[0].id}`);
    });
  const retriable = build.status === 'failed' || build.status === 'cancelled';
  return (
    <div class="actions">
      <ActionProblem problem={problem} />
      {!isFinished(build.status) && (
        <button type="button" disabled={busy} onClick={() => act('cancel')}>
          Cancel
        </button>
      )}
      {retriable && (
        <button type="button" disabled={busy} onClick={() => act('retry')}>
          Retry
        </button>
      )}
      {build.status === 'failed' && (
        <button
          type="button"
          disabled={busy}
          onClick={solve}
          title="Change the recipe and build again until it succeeds or nothing is left to try"
        >
          Solve
        </button>
      )}
    </div>
  );
}

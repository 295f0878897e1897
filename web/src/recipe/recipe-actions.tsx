import { useEffect, useState } from 'preact/hooks';
import type { Build, Submission } from '../../../client/contract.js';
import { get, post } from '../request.js';
import { go } from '../router.js';
import { useSession } from '../session.js';
import { useAction } from '../ui/action.js';
import { ActionProblem } from '../ui/action-problem.js';

interface Props {
  recipe: string;
  /** Only a sound recipe can be built with. */
  sound: boolean;
  /** Id of the build that the recipe is to mend. */
  from: string | undefined;
}

/** What can be done with a recipe that was written: try it on one release, or submit it for everybody. */
export function RecipeActions({ recipe, sound, from }: Props) {
  const [requirement, setRequirement] = useState('');
  const [reason, setReason] = useState('');
  const { offers } = useSession();
  const { run, busy, problem } = useAction();

  useEffect(() => {
    if (from === undefined) return;
    get<Build>(`builds/${from}`).then(
      ({ project, version }) => setRequirement(`${project}==${version}`),
      () => {},
    );
  }, [from]);

  const attempt = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const { builds } = await post<{ builds: Build[] }>('builds', { requirement, recipe });
      if (builds[0] !== undefined) go(`builds/${builds[0].id}`);
    });
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void run(async () => {
      const request = { recipe, ...(requirement === '' ? {} : { requirement }), ...(reason === '' ? {} : { reason }) };
      const { id } = await post<Submission>('submissions', request);
      go(`submissions/${id}`);
    });
  };
  return (
    <>
      <ActionProblem problem={problem} />
      {offers('build') && (
        <form class="try" onSubmit={attempt}>
          <label for="recipe-requirement">Try it on</label>
          <input
            id="recipe-requirement"
            type="text"
            required
            placeholder="my-package==1.0"
            value={requirement}
            onInput={(event) => setRequirement(event.currentTarget.value)}
          />
          <button type="submit" disabled={busy || !sound}>
            Build with this recipe
          </button>
          <p class="hint">Its wheel is served under /trial/simple/ only.</p>
        </form>
      )}
      {offers('submit') && (
        <form class="try" onSubmit={submit}>
          <label for="recipe-reason">Submit it for everybody: why it is needed</label>
          <input
            id="recipe-reason"
            type="text"
            value={reason}
            onInput={(event) => setReason(event.currentTarget.value)}
          />
          <button type="submit" class="primary" disabled={busy || !sound}>
            Submit for review
          </button>
          <p class="hint">It is tried on every default target, and used once someone with the scope approve says so.</p>
        </form>
      )}
    </>
  );
}

import type { RequestError } from '../request.js';
import { useSession } from '../session.js';

/** Why something could not be shown or done, with the way on. */
export function ProblemNote({ error }: { error: RequestError }) {
  const { openSignIn } = useSession();
  return (
    <div class="note bad" role="alert">
      <p>
        <strong>{error.message}</strong>
      </p>
      {error.hint !== undefined && error.hint !== '' && <p>{error.hint}</p>}
      {(error.status === 401 || error.status === 403) && (
        <button type="button" onClick={openSignIn}>
          Sign in
        </button>
      )}
    </div>
  );
}

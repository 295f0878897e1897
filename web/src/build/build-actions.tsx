import { useState } from 'preact/hooks';
import type { Build } from '../../../client/contract.js';
import { isFinished } from '../../../core/build.js';
import { post, RequestError } from '../request.js';
import { useSession } from '../session.js';

/** Cancel and retry. Offered to whoever could do it after signing in; hidden from tokens without the scope. */
export function BuildActions({ build, onChange }: { build: Build; onChange(): void }) {
  const { session, may, withToken } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  if (session?.signedIn && !may('build')) return null;

  const act = async (action: 'cancel' | 'retry') => {
    setBusy(true);
    setProblem(undefined);
    try {
      await withToken(async () => {
        await post(`builds/${build.id}/${action}`);
        onChange();
      });
    } catch (error) {
      setProblem(error instanceof RequestError ? error.message : String(error));
      onChange();
    } finally {
      setBusy(false);
    }
  };
  const retriable = build.status === 'failed' || build.status === 'cancelled';
  return (
    <div class="actions">
      {problem !== undefined && (
        <span class="problem" role="alert">
          {problem}
        </span>
      )}
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
    </div>
  );
}

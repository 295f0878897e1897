import { createContext } from 'preact';
import { useCallback, useContext, useEffect, useRef, useState } from 'preact/hooks';
import type { Scope } from '../../core/token.js';
import { get, RequestError, request } from './request.js';
import { ActionProblem } from './ui/action-problem.js';

/** Who the browser is signed in as. The token itself is in a cookie that no script can read. */
export interface Session {
  signedIn: boolean;
  /** Name of the token. */
  name?: string;
  scopes: Scope[];
  /** Whether reading takes a token as well. */
  readTokenRequired: boolean;
}

interface SessionState {
  session: Session | undefined;
  /** Whether to offer what takes one of these scopes: to a token that has one, and to whoever may still sign in. */
  offers(...oneOf: Scope[]): boolean;
  /** Does something that takes a token; asks to sign in first where none is, or where the service no longer takes it. Done when that is, or was called off. */
  withToken(action: () => Promise<void>): Promise<void>;
  openSignIn(): void;
  signOut(): Promise<void>;
}

const SessionContext = createContext<SessionState | undefined>(undefined);

export function useSession(): SessionState {
  return useContext(SessionContext) as SessionState;
}

export function SessionProvider({ children }: { children: preact.ComponentChildren }) {
  const [session, setSession] = useState<Session>();
  const [dialog, setDialog] = useState<{ reason: string; resume(): Promise<void>; callOff(): void }>();

  const refresh = useCallback(async () => {
    setSession(await get<Session>('session').catch(() => ({ signedIn: false, scopes: [], readTokenRequired: false })));
  }, []);
  useEffect(() => void refresh(), [refresh]);

  const state: SessionState = {
    session,
    offers: (...oneOf) =>
      session?.signedIn !== true || session.scopes.some((scope) => scope === 'admin' || oneOf.includes(scope)),
    openSignIn: () => setDialog({ reason: '', resume: async () => {}, callOff: () => {} }),
    signOut: async () => {
      await request('DELETE', 'session');
      await refresh();
    },
    withToken: async (action) => {
      try {
        await action();
      } catch (error) {
        if (!(error instanceof RequestError) || error.status !== 401) throw error;
        const expired = session?.signedIn === true;
        const reason = expired ? 'The token is no longer valid. Sign in again to go on.' : 'This takes a token.';
        const resumed = new Promise<void>((resolve, reject) => {
          setDialog({ reason, resume: () => action().then(resolve, reject), callOff: resolve });
        });
        if (expired) await refresh();
        await resumed;
      }
    },
  };
  const signedIn = async () => {
    setDialog(undefined);
    await refresh();
    await dialog?.resume();
  };
  const closed = () => {
    dialog?.callOff();
    setDialog(undefined);
  };
  return (
    <SessionContext.Provider value={state}>
      {children}
      {dialog !== undefined && <SignInDialog reason={dialog.reason} onSignedIn={signedIn} onClose={closed} />}
    </SessionContext.Provider>
  );
}

interface DialogProps {
  reason: string;
  onSignedIn(): Promise<void>;
  onClose(): void;
}

function SignInDialog({ reason, onSignedIn, onClose }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [error, setError] = useState<string>();
  useEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget as HTMLFormElement).get('token');
    try {
      await request('POST', 'session', JSON.stringify({ token }));
      await onSignedIn();
    } catch (problem) {
      setError(problem instanceof Error ? problem.message : String(problem));
    }
  };
  return (
    <dialog ref={dialog} class="sign-in" aria-labelledby="sign-in-title" onClose={onClose}>
      <form onSubmit={submit}>
        <h2 id="sign-in-title">Sign in</h2>
        {reason !== '' && <p>{reason}</p>}
        <label for="token">Token</label>
        <input id="token" name="token" type="password" required autocomplete="current-password" spellcheck={false} />
        <p class="hint">
          The first start wrote an admin token to <code>admin-token</code> in the data folder. Reading needs none unless
          the operator asks for it.
        </p>
        <ActionProblem problem={error} />
        <div class="dialog-actions">
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="primary">
            Sign in
          </button>
        </div>
      </form>
    </dialog>
  );
}

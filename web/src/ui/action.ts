import { useState } from 'preact/hooks';
import { RequestError } from '../request.js';
import { useSession } from '../session.js';

export interface Action {
  run(work: () => Promise<void>): Promise<void>;
  busy: boolean;
  /** What the service said against it, with the way on. */
  problem: string | undefined;
}

/** Something that a button does and that may take a token, be slow or be refused. */
export function useAction(): Action {
  const { withToken } = useSession();
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<string>();
  const run = async (work: () => Promise<void>) => {
    setBusy(true);
    setProblem(undefined);
    try {
      await withToken(work);
    } catch (error) {
      setProblem(error instanceof RequestError ? sentences(error) : String(error));
    }
    setBusy(false);
  };
  return { run, busy, problem };
}

function sentences({ message, hint }: RequestError): string {
  const first = /[.!?]$/.test(message) ? message : `${message}.`;
  return hint === undefined || hint === '' ? first : `${first} ${hint}`;
}

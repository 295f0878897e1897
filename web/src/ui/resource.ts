import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import { get, RequestError } from '../request.js';

export interface Resource<T> {
  data: T | undefined;
  /** Why the last try failed; `data` stays what it was. */
  error: RequestError | undefined;
  reload(): void;
}

/**
 * A document of the API, read again every `everyMs(data)` while the page is visible; 0 stops.
 * @param path undefined reads nothing
 */
export function useResource<T>(
  path: string | undefined,
  everyMs: (data: T | undefined) => number = () => 0,
): Resource<T> {
  const [state, setState] = useState<{ path: string | undefined; data?: T; error?: RequestError }>({ path });
  const [round, setRound] = useState(0);
  const interval = useRef(everyMs);
  interval.current = everyMs;

  useEffect(() => {
    if (path === undefined) return;
    const abort = new AbortController();
    let timer: ReturnType<typeof setTimeout> | undefined;
    let data: T | undefined;
    const read = async () => {
      try {
        data = await get<T>(path, abort.signal);
        setState({ path, data });
      } catch (error) {
        if (abort.signal.aborted) return;
        const problem = error instanceof RequestError ? error : new RequestError(0, String(error));
        setState((before) => ({ ...(before.path === path ? before : {}), path, error: problem }));
      }
      plan();
    };
    const plan = () => {
      const ms = interval.current(data);
      if (ms > 0 && !document.hidden && !abort.signal.aborted) timer = setTimeout(read, ms);
    };
    const wake = () => {
      clearTimeout(timer);
      if (!document.hidden && interval.current(data) > 0) void read();
    };
    void read();
    document.addEventListener('visibilitychange', wake);
    return () => {
      abort.abort();
      clearTimeout(timer);
      document.removeEventListener('visibilitychange', wake);
    };
  }, [path, round]);

  const reload = useCallback(() => setRound((before) => before + 1), []);
  // What was read for another path must not be shown for this one, not even for a moment.
  const own = state.path === path;
  return { data: own ? state.data : undefined, error: own ? state.error : undefined, reload };
}

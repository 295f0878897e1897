import { useEffect, useRef, useState } from 'preact/hooks';
import { get, RequestError } from '../request.js';
import { LogBuffer } from './log-buffer.js';
import { feedLog } from './log-feed.js';
import { TimeIndex } from './time-index.js';

interface Log {
  buffer: LogBuffer;
  times: TimeIndex;
  lineCount: number;
  connected: boolean;
  /** Whether all of a finished attempt's log is here. */
  loaded: boolean;
  error: RequestError | undefined;
  /** Reads when the lines were stored; live lines bring their time with them. */
  loadTimes(): void;
}

/** The log of an attempt, growing as it comes; renders at most once per frame however many lines arrive. */
export function useLog(attemptId: string, live: boolean, onPhase: () => void): Log {
  const state = useRef({ id: '', buffer: new LogBuffer(), times: new TimeIndex(), timesRead: false });
  if (state.current.id !== attemptId) {
    state.current = { id: attemptId, buffer: new LogBuffer(), times: new TimeIndex(), timesRead: false };
  }
  const { buffer } = state.current;
  const [lineCount, setLineCount] = useState(0);
  const [connected, setConnected] = useState(true);
  const [loaded, setLoaded] = useState(false);
  const [error, setError] = useState<RequestError>();
  const [, setTimesRound] = useState(0);
  const phaseChanged = useRef(onPhase);
  phaseChanged.current = onPhase;

  useEffect(() => {
    const abort = new AbortController();
    let frame = 0;
    const draw = () => {
      frame = 0;
      setLineCount(buffer.lineCount);
    };
    const events = {
      onLines: () => {
        frame ||= requestAnimationFrame(draw);
      },
      onPhase: () => phaseChanged.current(),
      onTime: (line: number, at: number) => state.current.times.add(line, at),
      onConnection: setConnected,
    };
    setLineCount(0);
    setLoaded(false);
    setError(undefined);
    feedLog(attemptId, buffer, events, abort.signal).then(
      () => {
        if (abort.signal.aborted) return;
        setLoaded(true);
        phaseChanged.current();
      },
      (problem: unknown) => setError(problem instanceof RequestError ? problem : new RequestError(0, String(problem))),
    );
    return () => {
      abort.abort();
      cancelAnimationFrame(frame);
    };
  }, [attemptId, buffer]);

  const loadTimes = () => {
    const own = state.current;
    if (own.timesRead) return;
    own.timesRead = true;
    get<{ chunks: [number, number][] }>(`attempts/${attemptId}/log/times`).then(
      ({ chunks }) => {
        const whole = new TimeIndex();
        for (const [line, at] of chunks) whole.add(line, at);
        own.times = whole;
        setTimesRound((round) => round + 1);
      },
      () => {
        own.timesRead = false;
      },
    );
  };
  return { buffer, times: state.current.times, lineCount, connected: connected || !live, loaded, error, loadTimes };
}

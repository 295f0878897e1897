import { EventEmitter } from 'node:events';

/** Tells those who watch an attempt, in this process, that its log, phase or status changed. It carries no data: the store has it. */
export interface AttemptSignals {
  changed(attemptId: string): void;
  /** Resolves when the attempt changed after `watch` was called or last waited for, or after `timeoutMs`, or when the signal aborts. */
  watch(
    attemptId: string,
    signal: AbortSignal,
  ): { wait(timeoutMs: number): Promise<'changed' | 'timeout'>; stop(): void };
}

export function createAttemptSignals(): AttemptSignals {
  const emitter = new EventEmitter().setMaxListeners(0);
  return {
    changed: (attemptId) => void emitter.emit(attemptId),
    watch(attemptId, signal) {
      let pending = false;
      let wake: (() => void) | undefined;
      const onChange = () => {
        pending = true;
        wake?.();
      };
      emitter.on(attemptId, onChange);
      signal.addEventListener('abort', onChange);
      return {
        stop() {
          emitter.off(attemptId, onChange);
          signal.removeEventListener('abort', onChange);
        },
        async wait(timeoutMs) {
          let timer: NodeJS.Timeout | undefined;
          if (!pending && !signal.aborted) {
            await new Promise<void>((resolve) => {
              wake = resolve;
              timer = setTimeout(resolve, timeoutMs);
            });
            clearTimeout(timer);
            wake = undefined;
          }
          const result = pending ? 'changed' : 'timeout';
          pending = false;
          return result;
        },
      };
    },
  };
}

/** Less is what timers and clocks are off by anyway. */
const TOLERANCE_MS = 1_000;

export interface LostTime {
  /**
   * To be called as a round of a loop begins: by how many milliseconds leases must be moved, so that only time counts in which workers could be heard. More
   * than none where this program stood still (a busy event loop, a stopped process, a machine that slept) or the clock was set forward, less where it was set back.
   */
  roundBegins(): number;
  roundEnded(): void;
}

/**
 * @param clock milliseconds since the epoch; can be set by people and time servers
 * @param steady milliseconds of a clock that nobody can set
 * @param pauseMs planned from the end of one round to the beginning of the next
 */
export function watchLostTime(
  { clock, steady }: { clock: () => number; steady: () => number },
  pauseMs: number,
  timer: () => number = () => performance.now(),
): LostTime {
  let seen = { clock: clock(), steady: steady() };
  let dueAt: number | undefined;
  return {
    roundBegins() {
      const now = { clock: clock(), steady: steady() };
      const set = now.clock - seen.clock - (now.steady - seen.steady);
      const late = dueAt === undefined ? 0 : timer() - dueAt;
      seen = now;
      return beyondTolerance(set) + Math.max(beyondTolerance(late), 0);
    },
    roundEnded() {
      dueAt = timer() + pauseMs;
    },
  };
}

function beyondTolerance(ms: number): number {
  return Math.abs(ms) > TOLERANCE_MS ? Math.round(ms) : 0;
}

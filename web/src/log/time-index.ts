/** When lines were stored: kept only where the time changes, since lines come in chunks. */
export class TimeIndex {
  readonly #lines: number[] = [];
  readonly #times: number[] = [];

  /** @param at milliseconds since the epoch; lines must be added in ascending order, and ones already covered are ignored */
  add(line: number, at: number): void {
    if (line <= (this.#lines.at(-1) ?? 0) || this.#times.at(-1) === at) return;
    this.#lines.push(line);
    this.#times.push(at);
  }

  /** Milliseconds since the epoch; undefined for lines before the first one known. */
  of(line: number): number | undefined {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#lines[middle] as number) <= line) low = middle + 1;
      else high = middle;
    }
    return low === 0 ? undefined : this.#times[low - 1];
  }
}

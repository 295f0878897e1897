/** Shares the host's CPUs out: `NanoCpus` alone leaves `nproc` as it is, and a build then starts too many jobs; a cpuset does not. */
export class CpuPool {
  readonly #users: number[];

  constructor(cpus: number) {
    this.#users = Array.from({ length: cpus }, () => 0);
  }

  /** The least used CPUs, as many as asked for or there are. */
  take(wanted: number): number[] {
    const count = Math.min(Math.max(1, Math.ceil(wanted)), this.#users.length);
    const taken = this.#users
      .map((users, cpu) => ({ users, cpu }))
      .sort((a, b) => a.users - b.users || a.cpu - b.cpu)
      .slice(0, count)
      .map(({ cpu }) => cpu);
    for (const cpu of taken) this.#users[cpu] = (this.#users[cpu] ?? 0) + 1;
    return taken.sort((a, b) => a - b);
  }

  give(cpus: readonly number[]): void {
    for (const cpu of cpus) this.#users[cpu] = (this.#users[cpu] ?? 1) - 1;
  }
}

// When what is kept was last used. An engine notes no such thing of a volume, and a volume's labels never change, so an empty volume beside it does, by the time in its
// name. So it holds for every worker that uses the engine, and after a restart.
import type Docker from 'dockerode';
import { askEngine } from './engine-call.js';
import { KIND_LABEL } from './image-names.js';
import { INSTANCE_LABEL } from './labels.js';
import { removeUnlessUsed } from './orphans.js';

/** Uses closer to each other than this are one. */
const SPAN_MS = 10 * 60_000;
const MARK = /^(.+)-used-(\d+)$/;

/** Notes that a kept volume is used now. */
export type NoteUse = (volume: string, signal: AbortSignal) => Promise<void>;

/** @param now milliseconds since the epoch */
export function openUseNotes(docker: Docker, instance: string, now: () => number): NoteUse {
  /** The last mark that this process made for a volume. */
  const noted = new Map<string, number>();
  return async (volume, signal) => {
    const span = Math.floor(now() / SPAN_MS);
    if (noted.get(volume) === span) return;
    const labels = { [INSTANCE_LABEL]: instance, [KIND_LABEL]: 'use' };
    await askEngine('noting the use of a volume', signal, () =>
      docker.createVolume({ Name: `${volume}-used-${span}`, Labels: labels, abortSignal: signal }),
    );
    noted.set(volume, span);
  };
}

export interface UseMarks {
  /** Milliseconds since the epoch; 0 where nothing tells. */
  lastUse(volume: string): number;
  /** Removes the marks that say nothing any more: what they tell of is none of `volumes`, or was used since. */
  tidy(volumes: ReadonlySet<string>): Promise<void>;
}

/** @param names of all volumes of an instance */
export function readUseMarks(docker: Docker, names: readonly string[]): UseMarks {
  const marks = names.flatMap((name) => {
    const [, volume, span] = MARK.exec(name) ?? [];
    return volume === undefined ? [] : [{ name, volume, at: Number(span) * SPAN_MS }];
  });
  const last = new Map<string, number>();
  for (const { volume, at } of marks) last.set(volume, Math.max(at, last.get(volume) ?? 0));
  const lastUse = (volume: string) => last.get(volume) ?? 0;
  return {
    lastUse,
    async tidy(volumes) {
      for (const { name, volume, at } of marks) {
        if (!volumes.has(volume) || at < lastUse(volume)) await removeUnlessUsed(docker, name);
      }
    },
  };
}

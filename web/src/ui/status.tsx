import type { ComponentChildren } from 'preact';
import type { AttemptStatus } from '../../../core/attempt.js';
import type { BuildStatus } from '../../../core/build.js';

type Tone = 'good' | 'bad' | 'busy' | 'idle' | 'warn';

const TONES: Record<BuildStatus | AttemptStatus, Tone> = {
  planned: 'idle',
  queued: 'idle',
  waiting: 'warn',
  leased: 'busy',
  running: 'busy',
  succeeded: 'good',
  failed: 'bad',
  lost: 'warn',
  deferred: 'warn',
  cancelled: 'idle',
};

// Shapes as well as colours: one in twelve men cannot tell red from green.
const SHAPES: Record<Tone, string> = {
  good: 'M3 8.5l3.2 3.2L13 4.8',
  bad: 'M4 4l8 8M12 4l-8 8',
  busy: 'M8 2.5a5.5 5.5 0 1 1-5.5 5.5',
  idle: 'M4 8h8',
  warn: 'M8 3v6M8 12v.6',
};

/** A status as a word with a shape and a colour. */
export function Status({ status }: { status: BuildStatus | AttemptStatus }) {
  return <Badge tone={TONES[status]}>{status}</Badge>;
}

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return (
    <span class={`badge ${tone}`}>
      <svg viewBox="0 0 16 16" aria-hidden="true">
        <path d={SHAPES[tone]} />
      </svg>
      {children}
    </span>
  );
}

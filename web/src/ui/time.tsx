import { useEffect, useState } from 'preact/hooks';

// The reader's own zone and language throughout: that is what Intl does when told nothing.
const absolute = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  hour12: false,
});
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto', style: 'short' });

export function formatClock(at: number): string {
  return clock.format(at);
}

/** A span of time in at most two units, e.g. `4.2 s`, `3 min 20 s`, `2 h 5 min`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, ms) / 1000;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** The same for sums, in words: `3 minutes`, `12 hours`. */
export function formatLongDuration(ms: number): string {
  const [value, unit] =
    ms < 60_000 ? [ms / 1000, 'second'] : ms < 3_600_000 ? [ms / 60_000, 'minute'] : [ms / 3_600_000, 'hour'];
  return new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit,
    unitDisplay: 'long',
    maximumFractionDigits: 0,
  }).format(Math.ceil(value));
}

function formatAgo(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1000);
  if (Math.abs(seconds) < 60) return relative.format(seconds, 'second');
  if (Math.abs(seconds) < 3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (Math.abs(seconds) < 86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (Math.abs(seconds) < 30 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return absolute.format(at);
}

/** The present time, renewed every `everyMs`; still while `everyMs` is 0. */
export function useNow(everyMs: number): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    if (everyMs === 0) return;
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

/** How long ago; the exact time as a tooltip. */
export function Ago({ iso }: { iso: string }) {
  const now = useNow(15_000);
  const at = Date.parse(iso);
  return (
    <time dateTime={iso} title={absolute.format(at)}>
      {formatAgo(at, Math.max(now, at))}
    </time>
  );
}

/** A duration that counts up while it has no end. */
export function Duration({ from, to }: { from: string; to: string | undefined }) {
  const now = useNow(to === undefined ? 1000 : 0);
  const end = to === undefined ? Math.max(now, Date.parse(from)) : Date.parse(to);
  return <span class="duration">{formatDuration(end - Date.parse(from))}</span>;
}

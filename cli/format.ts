import type { Build } from '../client/contract.js';

/** `850 ms`, `12.3 s`, `4 min 05 s`. */
export function formatDuration(durationMs: number): string {
  if (durationMs < 1000) return `${Math.round(durationMs)} ms`;
  if (durationMs < 60_000) return `${(durationMs / 1000).toFixed(1)} s`;
  const seconds = Math.round(durationMs / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}

export function formatSize(sizeBytes: number): string {
  if (sizeBytes < 1000) return `${sizeBytes} B`;
  if (sizeBytes < 1_000_000) return `${(sizeBytes / 1000).toFixed(1)} kB`;
  return `${(sizeBytes / 1_000_000).toFixed(1)} MB`;
}

/** Columns as wide as their widest cell; the last is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  return rows.map((row) =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** `psycopg2 2.9.10 cp313 manylinux_2_31` */
export function nameOfBuild(build: Pick<Build, 'project' | 'version' | 'target'>): string {
  return `${build.project} ${build.version} ${build.target.python} ${build.target.policy}`;
}

/** What each phase of an attempt took, e.g. `fetch 1.2 s, build 8.0 s`; repeated phases are added up. */
export function formatPhases(attempt: Build['attempts'][number]): string {
  const took = new Map<string, number>();
  for (const { phase, startedAt, finishedAt } of attempt.phases) {
    const end = finishedAt ?? attempt.finishedAt;
    if (end === undefined) continue;
    took.set(phase, (took.get(phase) ?? 0) + Date.parse(end) - Date.parse(startedAt));
  }
  return [...took].map(([phase, durationMs]) => `${phase} ${formatDuration(durationMs)}`).join(', ');
}

/** Sonames of vendored libraries without the hash that auditwheel puts into them. */
export function formatLibraries(sonames: readonly string[]): string {
  return sonames.map((soname) => soname.replace(/-[0-9a-f]{8}(?=\.)/, '')).join(', ');
}

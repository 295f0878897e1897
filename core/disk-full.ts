const CODES = new Set(['ENOSPC', 'EDQUOT', 'SQLITE_FULL']);

/** Whether a full disk, or quota, is behind an error: the system's own, or SQLite's. */
export function isDiskFull(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  return (typeof code === 'string' && CODES.has(code)) || (cause !== undefined && isDiskFull(cause));
}

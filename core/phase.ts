export const PHASES = ['fetch', 'build', 'repair', 'test', 'publish'] as const;
/** A step of an attempt; what each does and may do is in ARCHITECTURE.md. */
export type Phase = (typeof PHASES)[number];
